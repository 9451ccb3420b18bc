"""Under the sliders: the sprites along the one that the mouse or the keyboard is at, in miniature, each with its score.

A row is too low for a sprite of 32 pixels, and pixels of art are never shrunk; so the film of one slider at a time
stands here, always in the same place, and nothing pops up over anything.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.core.groove import Groove
from lunar_studio.core.track import STOPS, stops
from lunar_studio.gui.explore.groove_ribbon import paint_score
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb

_SMALLEST_PX = 9 * SPACE_PX
_BAR_PX = 3
_TEACHES = "Point at a slider to see what lies along it."


class GrooveStrip(QWidget):
    """The stops of one slider.

    Attributes:
        taken: Emitted with a direction's id and the position of the stop that was clicked.
        thumbs: One for each stop, from the lowest.
        slider: Whose they are, or None.
    """

    taken = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("groove-strip")
        self.slider: LatentSlider | None = None
        self._shown: Groove | None = None
        self._name = ElidedLabel(_TEACHES, size="small", role="muted")
        self._best = Label(size="small", role="muted")
        self.thumbs = tuple(SpriteThumb(f"Stop {place + 1}", _SMALLEST_PX) for place in range(STOPS))
        words, row = QHBoxLayout(), QHBoxLayout()
        words.addWidget(self._name, 1)
        words.addWidget(self._best)
        row.setSpacing(0)
        for place, thumb in enumerate(self.thumbs):
            thumb.setObjectName(f"groove-stop/{place}")
            thumb.setCheckable(True)
            thumb.clicked.connect(self._on_clicked)
            if place:
                row.addStretch(1)
            row.addWidget(thumb)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, _BAR_PX + 2)
        column.setSpacing(2)
        column.addLayout(words)
        column.addLayout(row)
        self._side_px = 0
        self._show_groove(None)
        self.show_slider(None)

    @Slot(object)
    def show_slider(self, slider: LatentSlider | None) -> None:
        """Show what lies along another slider, or how to get there for None."""
        self.slider = slider
        if slider is None:
            self._name.set_text(_TEACHES)
        self.follow()

    def follow(self) -> None:
        """The slider has moved, has another name, or more is known of it."""
        slider = self.slider
        found = slider.groove if slider is not None and slider.is_groove_true else None
        if found is not self._shown:
            self._show_groove(found)
        if slider is not None:
            self._name.set_text(slider.name)
        nearest = -1 if slider is None or found is None else found.nearest(slider.position)
        for place, thumb in enumerate(self.thumbs):
            thumb.setChecked(place == nearest)

    def _show_groove(self, found: Groove | None) -> None:
        self._shown = found
        name = "" if self.slider is None else self.slider.name
        for place, (thumb, position) in enumerate(zip(self.thumbs, stops(), strict=True)):
            thumb.setEnabled(found is not None)
            thumb.set_sprite(None if found is None else found.sprites[place])
            at = f"{position:+.1f}".replace("-", "−") if position else "0"
            judged = found is not None and found.has_scores
            score = f", score {found.scores[place]:.0f}" if found is not None and judged else ""
            thumb.setAccessibleName(f"{name or 'slider'} at {at}{score}")
            thumb.setToolTip(
                f"{name} at {at}{score}. Click to take the slider there; undo brings it back."
                if found is not None
                else "What the sprite becomes along the slider you point at; drawn when nothing else is to do."
            )
        best = "" if found is None or not found.has_scores else f"best {found.scores[found.best]:.0f}"
        self._best.setText(best)
        self.update()

    @Slot()
    def _on_clicked(self) -> None:
        place = self.thumbs.index(self.sender())
        if self.slider is not None and self._shown is not None:
            self.taken.emit(self.slider.direction.id, self._shown.positions[place])
        self.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Thumbnails as large as seven beside each other can be, in whole steps of the grid."""
        super().resizeEvent(event)
        room = (self.width() - (STOPS - 1) * SPACE_PX // 2) // STOPS
        side = max(_SMALLEST_PX, room // SPACE_PX * SPACE_PX)
        if side != self._side_px:
            self._side_px = side
            for thumb in self.thumbs:
                thumb.set_side(side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A bar under each thumbnail: its score."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, thumb in enumerate(self.thumbs):
            area = thumb.geometry()
            score = float("nan") if self._shown is None else self._shown.scores[place]
            paint_score(painter, QRectF(area.left(), area.bottom() + 3, area.width(), _BAR_PX), score)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)
