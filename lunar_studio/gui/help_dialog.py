"""Help for a page (F1) and About: made from the action table, so that they cannot go out of date."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.session.actions import ACTIONS, MENUS, Menu

_PAGE_TEXT: dict[str, tuple[str, str, tuple[Menu, ...]]] = {
    "explore": (
        "Explore",
        (
            "Press Random until you like something, then drag sliders. Lock a slider to keep it while everything else "
            "is re-rolled. K keeps a sprite on the shelf; B, E, I and G are brushes for small repairs by hand. The "
            "teacher tells live how a sprite compares with real art."
        ),
        ("explore", "paint", "edit", "view"),
    ),
    "train": (
        "Train",
        (
            "Choose art, choose a look, press Start. The three plots fall while the model learns; stop whenever you "
            "like and explore what it has learned so far."
        ),
        ("train", "view"),
    ),
    "data": (
        "Data",
        "Point at a folder of art. What cannot be used is listed with the reason; your own files are never changed.",
        ("file", "view"),
    ),
    "export": (
        "Export",
        "See the sheet with its frames before it is written; every file is read back and compared.",
        ("file", "view"),
    ),
}
_SLIDER_KEYS = (
    ("← →", "Move the focused slider; with Shift in fine steps"),
    ("Enter", "Type a value"),
    ("L", "Lock or unlock the slider"),
    ("Shift+↑ ↓", "Pin the slider above all others, or let it go back"),
    ("F2", "Rename the slider, or name and tag the kept sprite under the mouse"),
    ("Backspace", "Reset the slider"),
)


class TextDialog(QDialog):
    """A title, a text and rows of two columns; not modal.

    Args:
        title: The heading.
        text: One or two sentences.
        rows: What the left and the right column say.
        parent: The window.
    """

    def __init__(self, title: str, text: str, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("text-dialog")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * SPACE_PX)
        grid.setVerticalSpacing(SPACE_PX)
        grid.setColumnStretch(1, 1)
        for index, (left, right) in enumerate(rows):
            words = Label(right, wrap=True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(Label(left, role="accent"), index, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, index, 1)
        body = QWidget()
        body.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setAccessibleName(title)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        close = TextButton("Close")
        close.clicked.connect(self.close)
        bottom = QHBoxLayout()
        bottom.addStretch(1)
        bottom.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * SPACE_PX, 4 * SPACE_PX, 4 * SPACE_PX, 4 * SPACE_PX)
        column.setSpacing(3 * SPACE_PX)
        column.addWidget(Label(title, size="title", bold=True))
        column.addWidget(Label(text, role="muted", wrap=True))
        column.addWidget(scroll, 1)
        column.addLayout(bottom)
        self.resize(560, 560)


def page_help(page: str, parent: QWidget | None = None) -> TextDialog:
    """Help for one of the pages: what it is for, and every key that works there."""
    title, text, menus = _PAGE_TEXT[page]
    rows = list(_SLIDER_KEYS) if page == "explore" else []
    for menu in (*menus, *(menu for menu in MENUS if menu not in menus)):
        for entry in ACTIONS:
            if entry.menu == menu and entry.shortcut:
                keys = QKeySequence.fromString(entry.shortcut, QKeySequence.SequenceFormat.PortableText)
                rows.append((keys.toString(QKeySequence.SequenceFormat.NativeText), f"{entry.title}: {entry.tip}"))
    return TextDialog(f"Help: {title}", text, rows, parent)
