"""Under the map: the sprites of a route, what it is worth, and what can be done with all of it."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.core.sprite_map import MapRoute
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb

ROUTE_SPRITES = 12
"""Sprites that are shown of a route."""


class RouteBar(QWidget):
    """The sprites of a route, and what it is worth.

    Attributes:
        taken: Emitted with the number of a sprite that was clicked.
        keep_asked: All of it shall go on the shelf.
        strip_asked: All of it shall stand in the strip.
        close_asked: It shall go.
    """

    taken = Signal(int)
    keep_asked = Signal()
    strip_asked = Signal()
    close_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map-route")
        self.said = Label("", role="muted")
        keep = TextButton(
            "Keep All", icon_name="bookmark", role="quiet", tip="Put every sprite of the route on the shelf."
        )
        keep.setObjectName("map-route-keep")
        keep.clicked.connect(self.keep_asked)
        strip = TextButton(
            "To Strip", role="quiet", tip="Put the route into the strip: it stays there while you do something else."
        )
        strip.setObjectName("map-route-strip")
        strip.clicked.connect(self.strip_asked)
        close = IconButton("close", "Take the route away", tip="Take the route away\nEscape on the map does it too.")
        close.clicked.connect(self.close_asked)
        top = QHBoxLayout()
        top.addWidget(self.said, 1)
        top.addWidget(strip)
        top.addWidget(keep)
        top.addWidget(close)
        self.thumbs = [SpriteThumb(f"Step {number + 1} of the route", 10 * SPACE_PX) for number in range(ROUTE_SPRITES)]
        steps = QHBoxLayout()
        steps.setSpacing(SPACE_PX)
        for thumb in self.thumbs:
            thumb.clicked.connect(self._on_clicked)
            steps.addWidget(thumb)
        steps.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(top)
        column.addLayout(steps)
        self.hide()

    def show_route(self, route: MapRoute) -> None:
        """Show a route."""
        self.said.setText(words_of(route))
        for number, thumb in enumerate(self.thumbs):
            known = number < len(route.sprites)
            thumb.setVisible(known)
            if known:
                score = route.scores[number]
                thumb.set_sprite(route.sprites[number])
                thumb.set_badge(f"{score:.0f}" if math.isfinite(score) else "")
                thumb.setToolTip("Click to go there; undo brings the other back.")
        self.show()

    @Slot()
    def _on_clicked(self) -> None:
        self.taken.emit(self.thumbs.index(self.sender()))  # type: ignore[arg-type]


def words_of(route: MapRoute) -> str:
    """What a route is worth, in a sentence."""
    if not math.isfinite(route.lowest):
        return "The route goes over sprites on the map; without a teacher nobody can say where the valleys are."
    if route.is_straight:
        return f"The straight way is the best: its lowest score is {route.lowest:.0f}, and no way round is better."
    return f"Lowest score on the way {route.lowest:.0f}; straight across it would be {route.straight_lowest:.0f}."
