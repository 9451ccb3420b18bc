"""The Map view: the map with what explains it, and under it the strip of a route."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QEvent, QRect, Qt, Signal, Slot
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio.core.sprite_map import SpriteMap
from lunar_studio.gui import theme
from lunar_studio.gui.explore import map_ink
from lunar_studio.gui.explore.map_ink import Colouring
from lunar_studio.gui.explore.map_view import MapView
from lunar_studio.gui.explore.route_bar import RouteBar
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.gui.widgets.labels import Label

_CARD_PX = 64
_SURE_AFTER_S = 4.0
_ART = "{count:,} sprites of the art this model learned from"
_INVENTED = "{count:,} sprites the model invents: its file carries no map of the art it learned from"
_COLOURINGS: tuple[tuple[Colouring, str], ...] = (("score", "score"), ("density", "density"), ("kind", "kind"))
_ENDS = {"score": ("low score", "high"), "density": ("few like it", "many")}


class MapLegend(QWidget):
    """What the colours mean: a ramp with words at its ends, or a swatch for each kind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map-legend")
        self.setFixedHeight(5 * SPACE_PX)
        self._colouring: Colouring = "score"
        self._kinds: tuple[str, ...] = ()

    def explain(self, colouring: Colouring, kinds: tuple[str, ...] = ()) -> None:
        """Explain a colouring; `kinds` are those with a colour of their own, in its order."""
        self._colouring, self._kinds = colouring, kinds
        said = ", ".join(kinds) if colouring == "kind" else " to ".join(_ENDS[colouring])
        self.setAccessibleName(f"Colours: {said}")
        self.setToolTip(f"Colours: {said}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ramp or swatches; what does not fit is left out, and stands in the tooltip."""
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(theme.current().muted))
        if self._colouring == "kind":
            self._paint_kinds(painter)
        else:
            self._paint_ramp(painter, *_ENDS[self._colouring])

    def _paint_ramp(self, painter: QPainter, low: str, high: str) -> None:
        metrics, middle = painter.fontMetrics(), self.height() // 2
        left = metrics.horizontalAdvance(low) + 2 * SPACE_PX
        bar = QRect(left, middle - SPACE_PX, 24 * SPACE_PX, 2 * SPACE_PX)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = map_ink.ramp_stops(theme.current().name)
        for place, rgb in enumerate(stops):
            gradient.setColorAt(place / (len(stops) - 1), QColor(*rgb))
        aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(0, 0, left, self.height()), aligned, low)
        painter.fillRect(bar, gradient)
        painter.drawText(QRect(bar.right() + 2 * SPACE_PX, 0, self.width(), self.height()), aligned, high)

    def _paint_kinds(self, painter: QPainter) -> None:
        name, left, middle = theme.current().name, 0, self.height() // 2
        aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for place, kind in enumerate(self._kinds):
            words = kind.replace("_", " ")
            width = painter.fontMetrics().horizontalAdvance(words)
            if left + width + 4 * SPACE_PX > self.width():
                return
            swatch = QRect(left, middle - SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
            painter.fillRect(swatch, QColor(*map_ink.kind_colour(place, name)))
            painter.drawText(QRect(left + 3 * SPACE_PX, 0, width + 2, self.height()), aligned, words)
            left += width + 6 * SPACE_PX


class MapCard(QFrame):
    """Beside the point that is meant: its picture, its name, its score.

    Args:
        view: The map it lies on.
    """

    def __init__(self, view: MapView) -> None:
        super().__init__(view)
        self.setObjectName("map-card")
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view = view
        self._picture = QLabel()
        self._picture.setFixedSize(_CARD_PX, _CARD_PX)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name = Label("", bold=True)
        self.facts = Label("", role="muted", size="small")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        words.addStretch(1)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_PX, SPACE_PX, 3 * SPACE_PX, SPACE_PX)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self._picture)
        row.addLayout(words)
        self.hide()

    @Slot(int)
    def tell(self, index: int) -> None:
        """Tell of a point; of none for -1."""
        sprite_map = self._view.sprite_map
        if sprite_map is None or index < 0:
            self.hide()
            return
        path = sprite_map.names[index]
        title = path.rsplit("/", 1)[-1].removesuffix(".png").replace("_", " ")
        kind = sprite_map.kinds[index].replace("_", " ")
        score = float(sprite_map.scores_N[index])
        facts = [kind] if kind else []
        if math.isfinite(score):
            facts.append(f"score {score:.0f}")
        self.name.setText(title or f"Invention {index + 1}")
        self.facts.setText(" · ".join(facts))
        self.show_picture(index)
        for label in (self.name, self.facts):
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(label.text()) + SPACE_PX)
        self._row.activate()  # else the size is that of the text before
        self.resize(self._row.sizeHint())
        self._place(index)
        self.show()
        self.raise_()

    def show_picture(self, index: int) -> None:
        """The picture, if it has been drawn."""
        pixmap = self._view.thumbs.picture(index)
        if pixmap is None:
            self._picture.clear()
        else:
            self._picture.setPixmap(pixmap.scaled(_CARD_PX, _CARD_PX))

    def _place(self, index: int) -> None:
        sprite_map = self._view.sprite_map
        if sprite_map is None:
            return
        xs, ys = self._view.camera.to_screen(sprite_map.places_N2[index : index + 1])
        x, y = int(xs[0]) + 4 * SPACE_PX, int(ys[0]) + 4 * SPACE_PX
        if x + self.width() > self._view.width():
            x = int(xs[0]) - 4 * SPACE_PX - self.width()
        if y + self.height() > self._view.height():
            y = int(ys[0]) - 4 * SPACE_PX - self.height()
        self.move(max(0, x), max(0, y))


def time_words(seconds: float) -> str:
    """A time that is only guessed: whole tens of seconds, or whole minutes."""
    return f"{max(1, round(seconds / 10)) * 10} s" if seconds < 90 else f"{round(seconds / 60)} min"


class MapPanel(QWidget):
    """The whole view.

    Attributes:
        opened: Emitted when the view comes into sight.
        view: The map.
        route: The strip of a route.
        card: What is said of the point that is meant.
        colouring: The choice of colours.
    """

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map-panel")
        self.view = MapView()
        self.setFocusProxy(self.view)
        self.card = MapCard(self.view)
        self.route = RouteBar()
        self.legend = MapLegend()
        self.title = Label("", role="muted")
        self.colouring = QComboBox()
        self.colouring.setObjectName("map-colouring")
        self.colouring.setAccessibleName("Colour points by")
        self.colouring.setToolTip("Colour points by score, by how many are like them, or by the folder they came from.")
        self.colouring.currentIndexChanged.connect(self._on_colouring)
        self.view.pointed.connect(self.card.tell)
        self._waiting = EmptyState(
            "map", "Drawing the map…", "Sprites that are alike will lie together. Go on meanwhile: sliders come first."
        )
        self._progress = QProgressBar()
        self._progress.setObjectName("map-progress")
        self._progress.setAccessibleName("How much of the map is drawn")
        self._progress.setTextVisible(False)
        self._stack = QStackedWidget()
        self._begun: tuple[float, float] | None = None  # when progress was first told, and what it was
        self._left = Label("", role="muted", size="small")
        self._left.setObjectName("map-time-left")
        self._stack.addWidget(self._waiting)
        self._stack.addWidget(self.view)
        self._hint = Label(
            "Click goes there. Shift+click draws a route from the sprite to there. Drag and wheel move and zoom.",
            role="muted",
            size="small",
        )
        self._lay_out()
        self.show_map(None)

    def _lay_out(self) -> None:
        self._above = QWidget()
        top = QHBoxLayout(self._above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(2 * SPACE_PX)
        top.addWidget(self.title, 1)
        for icon, name, factor in (("zoom-out", "Farther", 1 / 1.4), ("zoom-in", "Nearer", 1.4)):
            button = IconButton(icon, name, tip=f"{name}\nThe wheel does it too, and plus and minus on the map.")
            button.setProperty("factor", factor)
            button.clicked.connect(self._on_zoom)
            top.addWidget(button)
        fit = IconButton("fit", "Show the whole map", tip="Show the whole map\n0 on the map does it too.")
        fit.clicked.connect(self.view.fit)
        top.addWidget(fit)
        self._below = QWidget()
        below = QHBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(2 * SPACE_PX)
        below.addWidget(Label("Colour by", role="muted"))
        below.addWidget(self.colouring)
        below.addWidget(self.legend, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self._above)
        column.addWidget(self._progress)
        column.addWidget(self._left)
        column.addWidget(self._stack, 1)
        column.addWidget(self._below)
        column.addWidget(self._hint)
        column.addWidget(self.route)

    def show_map(self, sprite_map: SpriteMap | None) -> None:
        """Show a map; None while there is none."""
        self.view.show_map(sprite_map)
        self.route.hide()
        has_map = sprite_map is not None
        self._stack.setCurrentWidget(self.view if has_map else self._waiting)
        self._progress.setVisible(not has_map)
        self._left.setVisible(not has_map)
        for explained in (self._above, self._below, self._hint):
            explained.setVisible(has_map)
        self.title.setText("")
        if sprite_map is None:
            self._progress.setValue(0)
            self._begun = None
            self._left.setText("")
            return
        said = _ART if sprite_map.kind == "art" else _INVENTED
        self.title.setText(said.format(count=len(sprite_map)))
        self._offer(sprite_map)

    def _offer(self, sprite_map: SpriteMap) -> None:
        """The colourings that say something of a map."""
        self.colouring.blockSignals(True)
        self.colouring.clear()
        kinds = map_ink.ranked_kinds(sprite_map.kinds)
        says = {"score": sprite_map.has_scores, "density": True, "kind": len(kinds) > 1}
        for colouring, title in _COLOURINGS:
            if says[colouring]:
                self.colouring.addItem(title, colouring)
        self.colouring.blockSignals(False)
        self._on_colouring()

    @Slot(float)
    def show_progress(self, share: float) -> None:
        """How much of a map is done, 0 to 1."""
        self._progress.setValue(round(100 * share))
        now = time.monotonic()
        self._begun = self._begun or (now, share)
        gone_s, done = now - self._begun[0], share - self._begun[1]
        if gone_s > _SURE_AFTER_S and done > 0:
            self._left.setText(f"about {time_words((1 - share) * gone_s / done)} more")

    @Slot()
    def _on_colouring(self) -> None:
        sprite_map = self.view.sprite_map
        if sprite_map is not None:
            colouring: Colouring = self.colouring.currentData()
            self.view.set_colouring(colouring)
            self.legend.explain(colouring, map_ink.ranked_kinds(sprite_map.kinds))

    @Slot()
    def _on_zoom(self) -> None:
        self.view.zoom_by(float(self.sender().property("factor")))

    def changeEvent(self, event: QEvent) -> None:
        """Legend and card in the colours of a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.legend.update()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Someone looks: whoever makes maps may begin."""
        super().showEvent(event)
        self.opened.emit()
