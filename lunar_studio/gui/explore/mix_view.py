"""The Mix view: the pad at the left, what comes of it at the right, and where colours and shape come from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.explore.mix_pad import MixPad
from lunar_studio.gui.explore.strip_panel import COUNT
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.number_field import WholeNumberField

_EMPTY = (
    "Drag two to four sprites from the shelf or the strip onto the pad, then drag the handle between them. “Add the "
    "sprite” adds the one you are working on; a right click on any other has “Add to Mix”."
)
_FULL = "Drag the handle, or use the arrow keys. The mix is the sprite: sliders, score and undo work as always."
_OTHER = "The sprite is another by now. Drag the handle, or use the arrow keys, to mix these again."


class Preview(QWidget):
    """A sprite as large as whole pixels allow, on the checkerboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mix-preview")
        self.setAccessibleName("The mix")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None

    def show_sprite(self, sprite: Sprite) -> None:
        """Show a sprite."""
        self._image = pictures.to_image(sprite)
        self.update()

    def sizeHint(self) -> QSize:
        """As large as the pad."""
        return QSize(80 * SPACE_PX, 80 * SPACE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Exact pixels."""
        if self._image is None:
            return
        painter, ratio = QPainter(self), self.devicePixelRatioF()
        side = min(self.width(), self.height())
        area = self.rect()
        area.setSize(QSize(side, side))
        area.moveCenter(self.rect().center())
        pictures.paint_checkerboard(painter, area, 2 * SPACE_PX, theme.current())
        pictures.paint_sprite(painter, area, self._image, ratio)


class MixView(QWidget):
    """Mixes sprites.

    Args:
        parent: Its owner.

    Attributes:
        add_asked: The sprite on the canvas shall come to the pad.
        clear_asked: The pad shall be empty.
        sources_changed: Where colours or shape come from has changed.
        steps_asked: Emitted with how many in-betweens are wanted in the strip.
        pad: The sprites and the handle.
        preview: What comes of it.
    """

    add_asked = Signal()
    clear_asked = Signal()
    sources_changed = Signal()
    steps_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mix-view")
        self.pad = MixPad()
        self.setFocusProxy(self.pad)
        self.preview = Preview()
        self.add = TextButton("Add the sprite", icon_name="plus", role="quiet", tip="Put the sprite on the pad")
        self.add.setObjectName("mix-add")
        self.clear = TextButton("Clear", icon_name="trash", role="quiet", tip="Take every sprite off the pad")
        self.clear.setObjectName("mix-clear")
        self.shape = _source("mix-shape", "Shape from", "Where shape comes from: the mix, or one sprite alone")
        self.colours = _source(
            "mix-colours", "Colours from", "Where the colours come from: the mix, or one sprite alone"
        )
        self.steps = WholeNumberField("In-betweens", 3, COUNT, tip="How many in-betweens the strip shows")
        self.steps.setObjectName("mix-steps")
        self.steps.setValue(10)
        self.show_steps = TextButton(
            "In-betweens", role="quiet", tip="The way from sprite to sprite, in the strip below"
        )
        self.show_steps.setObjectName("mix-show-steps")
        self._said = Label(_EMPTY, role="muted", size="small", wrap=True)
        self.add.clicked.connect(self.add_asked)
        self.clear.clicked.connect(self.clear_asked)
        self.shape.currentIndexChanged.connect(self.sources_changed)
        self.colours.currentIndexChanged.connect(self.sources_changed)
        self.show_steps.clicked.connect(self._on_steps)
        self._lay_out()
        self.show_sprites((), keeps_colours_apart=True)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        row.addWidget(self.add)
        row.addWidget(self.clear)
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(Label("shape", role="muted"))
        row.addWidget(self.shape)
        row.addWidget(Label("colours", role="muted"))
        row.addWidget(self.colours)
        row.addStretch(1)
        row.addWidget(self.steps)
        row.addWidget(self.show_steps)
        both = QHBoxLayout()
        both.setSpacing(4 * SPACE_PX)
        both.addWidget(self.pad, 1)
        both.addWidget(self.preview, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * SPACE_PX)
        column.addLayout(row)
        column.addLayout(both, 1)
        column.addWidget(self._said)

    def show_sprites(self, sprites: tuple[Sprite, ...], *, keeps_colours_apart: bool) -> None:
        """Show which sprites are mixed."""
        self.pad.set_sprites(sprites)
        for box in (self.shape, self.colours):
            box.blockSignals(True)
            box.clear()
            box.addItem("mixed", -1)
            for index, sprite in enumerate(sprites):
                box.addItem(f"{index + 1} {sprite.name}".strip()[:18], index)
            box.blockSignals(False)
            box.setEnabled(keeps_colours_apart and len(sprites) > 1)
        self.clear.setEnabled(bool(sprites))
        self.show_steps.setEnabled(len(sprites) > 1)
        self._said.setText(_FULL if len(sprites) > 1 else _EMPTY)

    def tell_mixed(self, *, is_mixed: bool) -> None:
        """Say whether the sprite is what the handle says, or has become another since."""
        if self.pad.count > 1:
            self._said.setText(_FULL if is_mixed else _OTHER)

    def chosen(self, box: QComboBox) -> int:
        """Number of the sprite that `shape` or `colours` is taken from alone; -1 for the mix."""
        return int(box.currentData())

    @Slot()
    def _on_steps(self) -> None:
        self.steps_asked.emit(self.steps.value())


def _source(name: str, title: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box
