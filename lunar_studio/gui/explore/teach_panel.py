"""Teach a slider: two bins of examples, what was learned from them, and the sliders made so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.carried import accept
from lunar_studio.gui.explore.share_choice import ShareChoice
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.session.breeding import Share
from lunar_studio.session.teaching import TaughtSlider

_THUMB_PX = 11 * SPACE_PX
_COLUMNS = 6
_HINT = (
    "Five sprites that have more of something, five that have less: the difference becomes a slider. Drag sprites "
    "here from the shelf or the strip, or add the one on the canvas."
)
_LONGEST_NAME = 40
_TIPS: Mapping[Share, str] = {
    "all": "The slider may move colours and shape",
    "colours": "The slider moves colours only",
    "shape": "The slider moves the shape only",
}


class Bin(Panel):
    """Examples of one kind; click one to take it out.

    Args:
        title: `More` or `Less`.
        tip: What belongs here.
        parent: Its owner.

    Attributes:
        add_asked: The sprite on the canvas belongs here.
        remove_asked: Emitted with an example's number.
        dropped: Emitted with the name of a sprite that was dropped here (`carried`).
    """

    add_asked = Signal()
    remove_asked = Signal(int)
    dropped = Signal(str)

    def __init__(self, title: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, role="well")
        self.setObjectName(f"teach-{title.lower()}")
        self.setAcceptDrops(True)
        self._thumbs: list[SpriteThumb] = []
        self.add = TextButton("Add the sprite", icon_name="plus", role="quiet", tip=tip)
        self.add.setObjectName(f"teach-add-{title.lower()}")
        self.add.clicked.connect(self.add_asked)
        head = QHBoxLayout()
        head.addWidget(Label(title, bold=True))
        head.addStretch(1)
        head.addWidget(self.add)
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_PX)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(head)
        self.column.addLayout(self._grid)
        self.column.addStretch(1)
        self.setMinimumHeight(_THUMB_PX + 14 * SPACE_PX)

    @property
    def thumbs(self) -> tuple[SpriteThumb, ...]:
        """The examples."""
        return tuple(self._thumbs)

    def show_sprites(self, sprites: Sequence[Sprite]) -> None:
        """Show other examples."""
        for thumb in self._thumbs:
            self._grid.removeWidget(thumb)
            thumb.hide()
            thumb.deleteLater()
        self._thumbs = []
        for index, sprite in enumerate(sprites):
            thumb = SpriteThumb(f"Example {index + 1}", _THUMB_PX)
            thumb.setToolTip("Click to take this example out")
            thumb.set_sprite(sprite)
            thumb.clicked.connect(self._on_clicked)
            self._grid.addWidget(thumb, index // _COLUMNS, index % _COLUMNS)
            thumb.show()
            self._thumbs.append(thumb)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A sprite comes along."""
        accept(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """It is put down here."""
        if name := accept(event):
            self.dropped.emit(name)

    @Slot()
    def _on_clicked(self) -> None:
        clicked = self.sender()
        # One that was replaced while the button was down still hears it go up.
        for index, thumb in enumerate(self._thumbs):
            if thumb is clicked:
                self.remove_asked.emit(index)
                return


class TeachPanel(Panel):
    """Collects examples where the sliders stand, so that sprites can be found and judged meanwhile.

    Args:
        parent: Its owner.

    Attributes:
        close_asked: The panel shall give way to the sliders.
        make_asked: Emitted with the name of the slider to make.
        remove_asked: Emitted with the id of a slider of the artist's.
        share_changed: What the slider may move is another.
        more: Examples that have more of it.
        less: Examples that have less of it.
    """

    close_asked = Signal()
    make_asked = Signal(str)
    remove_asked = Signal(str)
    share_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("teach-panel")
        self.more = Bin("More", "The sprite on the canvas has more of what the slider shall be")
        self.less = Bin("Less", "The sprite on the canvas has less of what the slider shall be")
        self.name = QLineEdit()
        self.name.setObjectName("teach-name")
        self.name.setAccessibleName("Name of the slider")
        self.name.setPlaceholderText("What is it? e.g. spiky")
        self.name.setToolTip("What the slider moves, in your own word; Enter makes it.")
        self.name.setMaxLength(_LONGEST_NAME)
        self.make = TextButton("Make Slider", role="primary", tip="Put the slider into the group Yours")
        self.make.setObjectName("teach-make")
        self.said = Label(role="muted", wrap=True)
        self.said.setObjectName("teach-said")
        self.said.setMinimumHeight(2 * self.said.fontMetrics().lineSpacing())  # else it would reach into the bins
        self._can_make = False
        self.shares = ShareChoice("teach-share", _TIPS)
        self.shares.changed.connect(self.share_changed)
        self.close_button = IconButton("close", "Close Teach", tip="Back to the sliders (Esc); examples stay")
        self.close_button.setObjectName("teach-close")
        self.close_button.clicked.connect(self.close_asked)
        self.make.clicked.connect(self._on_make)
        self.name.returnPressed.connect(self._on_make)
        self.name.textChanged.connect(self._update)
        self._lay_out()
        self._update()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(Label("Teach a Slider", bold=True), 1)
        head.addWidget(self.close_button)
        share = QHBoxLayout()
        share.setSpacing(SPACE_PX)
        share.addWidget(Label("may move", role="muted"))
        share.addWidget(self.shares)
        share.addStretch(1)
        make = QHBoxLayout()
        make.setSpacing(SPACE_PX)
        make.addWidget(self.name, 1)
        make.addWidget(self.make)
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2 * SPACE_PX)
        inner.addWidget(Label(_HINT, role="muted", wrap=True))
        inner.addWidget(self.more)
        inner.addWidget(self.less)
        inner.addLayout(share)
        inner.addWidget(self.said)
        self._own = QVBoxLayout()
        self._own.setSpacing(SPACE_PX)
        inner.addLayout(self._own)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("teach-scroll")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.viewport().setAutoFillBackground(False)
        body.setAutoFillBackground(False)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.column.addLayout(head)
        self.column.addWidget(scroll, 1)
        self.column.addLayout(make)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_asked.emit()
        else:
            super().keyPressEvent(event)

    @property
    def share(self) -> Share:
        """What the slider may move."""
        return self.shares.share

    def show_lesson(self, words: str, *, can_make: bool) -> None:
        """Say what was learned, and whether it is enough for a slider."""
        self.said.setText(words)
        self._can_make = can_make
        self._update()

    def show_sliders(self, sliders: Sequence[TaughtSlider], names: Sequence[str]) -> None:
        """List the sliders made so far, each with its strength and a button that removes it."""
        while (item := self._own.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for slider, name in zip(sliders, names, strict=True):
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(Label(name))
            facts = ElidedLabel(role="muted")
            facts.set_text(f"{slider.strength} · {slider.more} more, {slider.less} less")
            row.addWidget(facts, 1)
            remove = IconButton("trash", f"Remove {name}", tip=f"Remove the slider {name}; undo brings it back")
            remove.setObjectName(f"teach-remove/{slider.id}")
            remove.setProperty("slider", slider.id)
            remove.clicked.connect(self._on_remove)
            row.addWidget(remove)
            self._own.addWidget(box)

    @Slot()
    def _update(self) -> None:
        self.make.setEnabled(self._can_make and bool(self.name.text().strip()))

    @Slot()
    def _on_make(self) -> None:
        if self.make.isEnabled():
            self.make_asked.emit(self.name.text().strip())

    @Slot()
    def _on_remove(self) -> None:
        self.remove_asked.emit(str(self.sender().property("slider")))
