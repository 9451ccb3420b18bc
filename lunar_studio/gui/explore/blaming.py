"""Blame in the window: heat over the sprite that follows it when it rests, and a pixel's replacements on a click.

While sliders move nothing is asked: the map comes a moment after the hand has stopped, in the model's idle time.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QComboBox, QFrame

from lunar_studio.core.critic import WHOLE, BlameMap, Replacement, Replacements
from lunar_studio.core.events import Decoded
from lunar_studio.core.overlay import Overlay, Pixel
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.heat_layer import HeatLayer, HeatLegend
from lunar_studio.gui.explore.replacement_popover import ReplacementPopover, colour_name, points
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.session.pixel_commands import PatchEdits
from lunar_studio.workers.critic_service import CriticService

_REST_MS = 120


class HeatBar(QFrame):
    """The row over the canvas while heat is shown: what the colours mean, whose points, the worst pixel.

    Args:
        canvas: What it lies on.

    Attributes:
        whose: The whole score, or an expert's.
        worst: The button that goes to the worst pixel.
    """

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.setObjectName("heat-bar")
        self.setProperty("role", "card")
        self._canvas = canvas
        self.whose = QComboBox()
        self.whose.setObjectName("heat-whose")
        self.whose.setAccessibleName("Whose points")
        self.whose.setToolTip("The whole score, or what one expert of the teacher sees.")
        self.worst = TextButton(
            "Worst pixel", role="quiet", tip="Go to the pixel that costs most, and see what would stand better there."
        )
        self.worst.setObjectName("heat-worst")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.addWidget(HeatLegend())
        self._row.addWidget(self.whose)
        self._row.addWidget(self.worst)
        canvas.zoomed.connect(self.place)
        canvas.installEventFilter(self)
        self.hide()

    @property
    def expert(self) -> int:
        """The number of the expert, or `WHOLE`."""
        return WHOLE + max(0, self.whose.currentIndex())

    def set_experts(self, names: tuple[str, ...]) -> None:
        """Offer the experts of a model; the choice stays where it can."""
        wanted = ["whole score", *names]
        if [self.whose.itemText(row) for row in range(self.whose.count())] != wanted:
            self.whose.clear()
            self.whose.addItems(wanted)
            self.place()

    @Slot()
    def place(self) -> None:
        """At the canvas's lower left: beside the sprite where there is room, else over it and flat."""
        self._stand(QBoxLayout.Direction.TopToBottom)
        beside = self._canvas.sprite_rect().left() / self._canvas.devicePixelRatioF() - 4 * SPACE_PX
        if self.width() > beside:
            self._stand(QBoxLayout.Direction.LeftToRight)
        self.move(2 * SPACE_PX, self._canvas.height() - self.height() - 2 * SPACE_PX)

    def _stand(self, direction: QBoxLayout.Direction) -> None:
        is_flat = direction == QBoxLayout.Direction.LeftToRight
        self._row.setDirection(direction)
        self._row.setSpacing(2 * SPACE_PX if is_flat else SPACE_PX)
        above = 0 if is_flat else 2 * SPACE_PX
        self._row.setContentsMargins(2 * SPACE_PX, above, SPACE_PX if is_flat else 2 * SPACE_PX, above // 2)
        self._row.invalidate()
        self.adjustSize()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The canvas has another size."""
        if event.type() == QEvent.Type.Resize:
            self.place()
        return super().eventFilter(watched, event)


class Blaming(QObject):
    """Shows and hides the map, keeps it true, and puts replacements into the document.

    Args:
        controller: The way to the document.
        critic: Who knows.
        canvas: Where it is seen.
        parent: Its owner.

    Attributes:
        said: Emitted with a sentence for the status line.
        layer: The heat.
        bar: Legend and choice.
        popover: Replacements.
    """

    said = Signal(str)

    def __init__(
        self, controller: ExploreController, critic: CriticService, canvas: Canvas, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._critic = critic
        self._is_on = False
        self._is_paused = False
        self._map: BlameMap | None = None
        self._asked: tuple[Sprite, Pixel] | None = None
        self._seen: list[Pixel] = []
        self._wants_worst = False
        self.layer = HeatLayer(canvas)
        self.bar = HeatBar(canvas)
        self.popover = ReplacementPopover(canvas)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._ask)
        self.layer.pixel_clicked.connect(self.ask_about)
        self.bar.whose.currentIndexChanged.connect(self._on_whose)
        self.bar.worst.clicked.connect(self.go_to_worst)
        self.popover.chosen.connect(self._on_chosen)
        self.popover.next_asked.connect(self._on_next)
        self.popover.closed.connect(self._on_closed)
        critic.blamed.connect(self._on_blamed)
        critic.replaced.connect(self._on_replaced)
        controller.shown.connect(self._on_shown)
        controller.settled.connect(self._on_settled)
        controller.repainted.connect(self._on_repainted)

    @property
    def is_on(self) -> bool:
        """Whether the map is wanted."""
        return self._is_on

    @property
    def map(self) -> BlameMap | None:
        """What is shown."""
        return self._map

    def set_on(self, on: bool) -> None:
        """Show the map, or hide it."""
        self._is_on = on
        if on:
            self._ask()
        else:
            self._rest.stop()
            self._wants_worst = False
            self._clear()
        self.bar.place()
        self.bar.setVisible(on and not self._is_paused)
        self.bar.raise_()

    def set_paused(self, paused: bool) -> None:
        """Hide it for a while: the canvas shows something else than the document's sprite."""
        self._is_paused = paused
        self._clear()
        self.bar.setVisible(self._is_on and not paused)
        if self._is_on and not paused:
            self._rest.start()

    def _clear(self) -> None:
        self._map = None
        self._asked = None
        self.layer.show_heat(None)
        self.popover.hide()

    # ---- the map -------------------------------------------------------------------------------------

    @Slot(object)
    def _on_shown(self, decoded: Decoded) -> None:
        self._on_repainted(decoded.sprite)

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        self.bar.set_experts(tuple(expert.name for expert in decoded.score.experts))

    @Slot(object)
    def _on_repainted(self, sprite: Sprite) -> None:
        if self._is_on and not self._is_paused and (self._map is None or self._map.sprite != sprite):
            self._clear()  # an old map over a new sprite would blame the wrong pixels
            self._rest.start()

    @Slot(int)
    def _on_whose(self, _row: int) -> None:
        if self._is_on:
            self._seen = []
            self._rest.start()

    @Slot()
    def _ask(self) -> None:
        current = self._controller.current
        if current is not None and self._is_on and not self._is_paused:
            if not current.score.experts:
                self.said.emit("This model was trained without a teacher: there is no score to explain")
            self._critic.request_blame(current.sprite, self.bar.expert)

    @Slot(object)
    def _on_blamed(self, found: BlameMap) -> None:
        current = self._controller.current
        is_now = current is not None and current.sprite == found.sprite and found.expert == self.bar.expert
        if self._is_on and not self._is_paused and is_now:
            self._map = found
            self._seen = []
            self.layer.show_heat(found.heat_HW)
            self.bar.raise_()
            if self._wants_worst:
                self.go_to_worst()

    # ---- one pixel -----------------------------------------------------------------------------------

    @Slot()
    def go_to_worst(self) -> None:
        """Ask about the pixel that costs most, as soon as that is known."""
        self._seen = []
        self._wants_worst = self._map is None
        if not self._wants_worst:
            self._on_next()

    @Slot()
    def _on_next(self) -> None:
        if self._map is None or not bool(self._map.heat_HW.any()):
            self.said.emit("No pixel stands out as costing the score")
            return
        order = np.argsort(-self._map.heat_HW.ravel(), kind="stable")
        width = self._map.sprite.width
        pixel = next((one for at in order.tolist() if (one := (at % width, at // width)) not in self._seen), (0, 0))
        self._seen.append(pixel)
        self.ask_about(*pixel)

    @Slot(int, int)
    def ask_about(self, x: int, y: int) -> None:
        """Look for what would stand better in a pixel's place."""
        current = self._controller.current
        if current is None or not self._is_on:
            return
        self._asked = (current.sprite, (x, y))
        self.layer.choose((x, y))
        self.popover.wait_for((x, y), self.layer.cell((x, y)))
        self._critic.request_replacements(current.sprite, (x, y), self.bar.expert)

    @Slot(object)
    def _on_replaced(self, found: Replacements) -> None:
        if self._asked is not None and self._asked == (found.sprite, found.pixel) and self.popover.isVisible():
            self.popover.offer(found, self.layer.cell(found.pixel))

    @Slot(object)
    def _on_chosen(self, choice: Replacement) -> None:
        current, asked = self._controller.current, self._asked
        if current is None or asked is None or current.sprite != asked[0]:
            return
        pixel = asked[1]
        pinned = bool(
            self._controller.document.edits.pinned.mask(current.sprite.width, current.sprite.height)[pixel[::-1]]
        )
        self.popover.hide()
        self.layer.choose(None)
        self._controller.end_move()
        self._controller.do(
            PatchEdits(
                Overlay.painted([pixel], choice.rgba, pinned=pinned), title=f"Replace pixel {pixel[0]}, {pixel[1]}"
            )
        )
        self.said.emit(f"Pixel {pixel[0]}, {pixel[1]} is now {colour_name(choice.rgba)} ({points(choice.gain)} points)")

    @Slot()
    def _on_closed(self) -> None:
        self._asked = None
        self.layer.choose(None)
