"""What an action is: its row in the table, the menus, and the conditions under which actions can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Menu = Literal["file", "edit", "explore", "paint", "view", "train", "help"]

EnabledWhen = Literal[
    "always",
    "model_loaded",
    "sprite_shown",
    "colours_apart",
    "picture_opened",
    "painted",
    "pinned",
    "can_undo",
    "can_redo",
    "clipboard_has_picture",
    "exportable",
    "can_train",
    "training",
]
"""Conditions the window answers:

    always                  at any time
    model_loaded            a model is open
    sprite_shown            a model is open and the canvas shows a sprite
    colours_apart           the canvas shows a sprite of a model that keeps colours and shape apart
    picture_opened          the canvas shows a sprite, and a picture was opened in this model
    painted                 there are painted pixels on the sprite
    pinned                  some of them are pinned
    can_undo, can_redo      there is a step to take back, or to do again
    clipboard_has_picture   a model is open and the clipboard holds a picture
    exportable              the canvas shows a sprite, or there are bookmarks
    can_train               a data set is chosen and nothing trains
    training                a run is under way
"""

MENUS: Mapping[Menu, str] = MappingProxyType(
    {
        "file": "&File",
        "edit": "&Edit",
        "explore": "E&xplore",
        "paint": "&Paint",
        "view": "&View",
        "train": "&Train",
        "help": "&Help",
    }
)
"""Menus in order, with their titles; & marks the key."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the window can be told to do.

    Attributes:
        id: Stable name; also the QAction's objectName.
        title: What the menu says, in the artist's words.
        tip: One or two sentences that teach what it does.
        menu: The menu it stands in.
        shortcut: Portable key text such as `Ctrl+E`; empty for none.
        enabled_when: Name of the condition under which it can be used.
        icon: Name of the icon; empty for none.
        checkable: Whether it is switched on and off.
    """

    id: str
    title: str
    tip: str
    menu: Menu
    shortcut: str = ""
    enabled_when: EnabledWhen = "always"
    icon: str = ""
    checkable: bool = False
