"""The part of the action table that paints: tools, pins, what becomes of painted pixels (`actions.py` has the rest)."""

from __future__ import annotations

from lunar_studio.session.action import Action


def _tool(name: str, title: str, tip: str, shortcut: str) -> Action:
    return Action(f"tool-{name}", title, tip, "paint", shortcut, "sprite_shown", name, checkable=True)


PAINT = (
    _tool(
        "pencil", "Pencil", "Draw single pixels and lines; Shift draws on from the last, the right button erases.", "B"
    ),
    _tool("eraser", "Eraser", "Make pixels transparent; the right button gives them back to the model.", "E"),
    _tool("picker", "Picker", "Take the colour of a pixel. Alt does so with every other tool.", "I"),
    _tool("bucket", "Bucket", "Fill an area of one colour; with Shift all of that colour, wherever it is.", "G"),
    _tool("pin", "Pin", "Keep pixels as they are while sliders move the rest; the right button unpins.", "P"),
    Action(
        "tool-hand",
        "No Tool",
        "Move the sprite with the mouse again. Escape does the same.",
        "paint",
        "H",
        "sprite_shown",
        "hand",
        checkable=True,
    ),
    Action(
        "pin-painted",
        "Pin What I Paint",
        "What you paint stays exactly so while sliders and rolls change the rest. Off, a roll takes it away.",
        "paint",
        icon="lock",
        checkable=True,
    ),
    Action("mix-colour", "Mix a Colour…", "Choose any colour to paint with; it is kept beside the sprite's.", "paint"),
    Action(
        "follow-pins",
        "Make the Rest Follow",
        "Look for a sprite of the model's that has your pinned pixels of its own; press again to stop.",
        "paint",
        "F",
        "pinned",
        "follow",
        checkable=True,
    ),
    Action(
        "unpin-all",
        "Unpin All",
        "Let the next roll take every painted pixel away. Until then they stay.",
        "paint",
        enabled_when="pinned",
    ),
    Action(
        "clear-edits",
        "Clear Painted Pixels",
        "Give every painted and pinned pixel back to the model.",
        "paint",
        "Shift+Delete",
        "painted",
        "trash",
    ),
)
"""As they stand in the menu."""
