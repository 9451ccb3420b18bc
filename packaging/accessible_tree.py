"""What a screen reader finds in the window: `.venv/bin/python packaging/accessible_tree.py [--nameless]`.

The studio opens on a small model in folders of its own; every page, every view of the Explore page and every dialog is
opened, and Qt's accessible tree of it is walked from the window down, as a screen reader does. Whatever can be worked
and has no name is told; without `--nameless` the whole tree is printed. The status is 1 where a name is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the small model lives with the tests

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueInterface
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from ui_page import studio_in

from lunar_studio import paths
from lunar_studio.app import Studio
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.header import PAGES

_DEEPEST = 60
_ROLES = QAccessible.Role
WORKED = frozenset(
    {
        _ROLES.Button, _ROLES.ButtonDropDown, _ROLES.ButtonMenu, _ROLES.CheckBox, _ROLES.ComboBox, _ROLES.Dial,
        _ROLES.EditableText, _ROLES.Link, _ROLES.List, _ROLES.ListItem, _ROLES.MenuItem, _ROLES.PageTab,
        _ROLES.PopupMenu, _ROLES.RadioButton, _ROLES.Slider, _ROLES.SpinBox, _ROLES.Table, _ROLES.Tree,
        _ROLES.TreeItem,
    }
)  # fmt: skip
"""Roles of what an artist presses, types into, moves or chooses from."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing as a screen reader has it.

    Attributes:
        depth: Steps from the window.
        role: What it is.
        name: What it is called.
        value: Where it stands, of what has a number; else empty.
        can_focus: Whether the keyboard can reach it.
        where: Class and objectName of its widget.
    """

    depth: int
    role: QAccessible.Role
    name: str
    value: str
    can_focus: bool
    where: str

    @property
    def is_nameless(self) -> bool:
        """Whether it can be worked and nobody is told what it is."""
        return not self.name.strip() and (self.role in WORKED or self.can_focus)


def tree(widget: QWidget) -> Iterator[Told]:
    """Everything visible below a widget, itself first."""
    found = QAccessible.queryAccessibleInterface(widget)
    if found is not None:
        yield from _walk(found, 0)


def _walk(one: QAccessibleInterface, depth: int) -> Iterator[Told]:
    state = one.state()
    if depth > _DEEPEST or state.invisible or not one.isValid():
        return
    held: QObject | None = one.object()  # None for an entry of a list, whatever the types say
    where = "" if held is None else f"{type(held).__name__} {held.objectName()}".strip()
    number: QAccessibleValueInterface | None = one.valueInterface()
    value = "" if number is None else f"{number.currentValue()}"
    yield Told(depth, one.role(), one.text(QAccessible.Text.Name), value, bool(state.focusable), where)
    for index in range(one.childCount()):
        child = one.child(index)
        if child is not None:
            yield from _walk(child, depth + 1)


# ---- what is opened --------------------------------------------------------------------------------------------


def scenes(studio: Studio) -> Iterator[tuple[str, list[Told]]]:
    """A title and the tree of every page, view, panel and dialog, one after the other."""
    window = studio.window
    for page in PAGES:
        window.open_page(page)
        yield f"page {page}", _settled(window)
    window.open_page("explore")
    for name in window.explore.views.ids:
        window.explore.views.show_view(name)
        yield f"view {name}", _settled(window.explore)
    window.explore.views.show_view("sprite")
    for action in ("bookmark", "teach-slider", "improve", "blame", "command-palette"):
        window.actions_by_id[action].trigger()
        yield action, _settled(window)
    window.palette_popup.hide()
    window.explore.controller.take_sprite(Sprite(np.full((40, 12, 4), 255, np.uint8), "own"))
    yield "own sprite", _settled(window)
    window.show_notice("Something happened.", "Do something.", "bad")
    yield "notice", _settled(window)
    for action in ("help", "about"):
        window.actions_by_id[action].trigger()
        for dialog in window.findChildren(QDialog):
            if dialog.isVisible():
                yield f"dialog {action}", _settled(dialog)
                dialog.close()
    window.actions_by_id["tour"].trigger()
    yield "tour", _settled(window)


def _settled(widget: QWidget) -> list[Told]:
    """Its tree, once what was asked for has been laid out."""
    QApplication.processEvents()
    return list(tree(widget))


def scenes_in(app: QApplication, folder: Path) -> list[tuple[str, list[Told]]]:
    """All scenes of a studio that lives in `folder` for as long as it takes."""
    with studio_in(app, folder) as studio:
        return list(scenes(studio))


def main() -> int:
    """Print; 1 where a name is missing."""
    parser = argparse.ArgumentParser(description="What a screen reader finds in the window.")
    parser.add_argument("--nameless", action="store_true", help="print only what has no name")
    arguments = parser.parse_args()
    missing = 0
    with tempfile.TemporaryDirectory(prefix="studio-tree-") as name:
        os.environ[paths.HOME_VARIABLE] = str(Path(name) / "home")
        app = QApplication.instance() or QApplication(sys.argv[:1])
        assert isinstance(app, QApplication)
        for title, found in scenes_in(app, Path(name)):
            nameless = [one for one in found if one.is_nameless]
            missing += len(nameless)
            print(f"{title}: {len(found)} parts, {len(nameless)} without a name")
            for one in nameless if arguments.nameless else found:
                print(f"{'  ' * one.depth}{one.role.name}: {one.name or '(no name)'} {one.value} [{one.where}]")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
