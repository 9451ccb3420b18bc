"""The strip under the canvas: random sprites, or variations of the one shown; click to take one."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QSlider, QWidget

from lunar_studio.core.latent import Latent
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.workers.explore_service import Drawn

StripMode = Literal["random", "variations"]
COUNT = 16
_SMALLEST_PX, _LARGEST_PX = 44, 136
_SETTLE_MS = 250


class StripPanel(Panel):
    """Sixteen sprites to take.

    Attributes:
        wanted: Emitted with the mode and the strength when sprites shall be drawn.
        taken: Emitted with the `Latent` of the sprite that was clicked, and the mode.
    """

    wanted = Signal(str, float)
    taken = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip-panel")
        self.mode: StripMode = "random"
        self._latents: tuple[Latent, ...] = ()
        self._stale = False
        self._random = TextButton("Random", role="quiet", tip="Sixteen sprites the model invents, with the words above")
        self._variations = TextButton(
            "Variations", role="quiet", tip="Sixteen sprites like the one on the canvas; locked sliders stay"
        )
        modes = QButtonGroup(self)
        for button in (self._random, self._variations):
            button.setCheckable(True)
            modes.addButton(button)
        self._random.setChecked(True)
        self._random.clicked.connect(self._on_random)
        self._variations.clicked.connect(self._on_variations)
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setObjectName("strength")
        self.strength.setAccessibleName("Strength of variations")
        self.strength.setToolTip("How far variations stray from the sprite on the canvas")
        self.strength.setRange(5, 150)
        self.strength.setValue(50)
        self.strength.setFixedWidth(120)
        self._strength_label = Label("strength", role="muted")
        again = TextButton("Draw again", icon_name="dice", role="quiet", tip="Sixteen others")
        again.clicked.connect(self.ask)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.ask)
        self.strength.valueChanged.connect(self._settle.start)
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        row.addWidget(self._random)
        row.addWidget(self._variations)
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(self._strength_label)
        row.addWidget(self.strength)
        row.addStretch(1)
        row.addWidget(again)
        self.column.addLayout(row)
        self._box = QWidget()
        self._grid = QGridLayout(self._box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_PX)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.thumbs = [SpriteThumb(f"Sprite {number + 1}", _SMALLEST_PX) for number in range(COUNT)]
        for thumb in self.thumbs:
            thumb.clicked.connect(self._on_clicked)
            thumb.setEnabled(False)
        self.column.addWidget(self._box, 1)
        self._shape = (0, 0)
        self._show_mode()
        self.setMinimumHeight(26 * SPACE_PX)

    def show_drawn(self, drawn: Drawn) -> None:
        """Show what was drawn, if it is for the mode that is on."""
        if drawn.topic != self.mode:
            return
        self._latents = drawn.latents
        for thumb, sprite, score in zip(self.thumbs, drawn.sprites, drawn.scores, strict=False):
            thumb.set_sprite(sprite)
            thumb.set_badge(f"{score.value:.0f}")
            thumb.setToolTip(f"Score {score.value:.0f}. Click to take it; undo brings the other back.")
            thumb.setEnabled(True)

    @Slot()
    def ask(self) -> None:
        """Ask for sprites of the mode that is on."""
        self._settle.stop()
        self.wanted.emit(self.mode, self.strength.value() / 100)

    def on_sprite_changed(self) -> None:
        """The sprite on the canvas is another: variations follow once it rests."""
        if self.mode == "variations":
            self._settle.start()

    def _show_mode(self) -> None:
        for widget in (self._strength_label, self.strength):
            widget.setVisible(self.mode == "variations")

    @Slot()
    def _on_random(self) -> None:
        self.mode = "random"
        self._show_mode()
        self.ask()

    @Slot()
    def _on_variations(self) -> None:
        self.mode = "variations"
        self._show_mode()
        self.ask()

    @Slot()
    def _on_clicked(self) -> None:
        index = self.thumbs.index(self.sender())  # type: ignore[arg-type]
        if index < len(self._latents):
            self.taken.emit(self._latents[index], self.mode)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row or two, with thumbnails as large as fit."""
        super().resizeEvent(event)
        width, height = self._box.width(), self._box.height()
        best = (0, 1)
        for rows in (1, 2):
            columns = -(-COUNT // rows)
            side = min((height + SPACE_PX) // rows, (width + SPACE_PX) // columns) - SPACE_PX
            best = max(best, (side, rows))
        side, rows = min(_LARGEST_PX, max(_SMALLEST_PX, best[0])), best[1]
        if (side, rows) == self._shape:
            return
        self._shape = (side, rows)
        columns = -(-COUNT // rows)
        for index, thumb in enumerate(self.thumbs):
            thumb.set_side(side)
            self._grid.addWidget(thumb, index // columns, index % columns)
