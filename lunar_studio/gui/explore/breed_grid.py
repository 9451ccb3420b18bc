"""A square of variations: click to mark, double-click to take, arrows and Space and Enter for the same by keyboard."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import icons, pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_OWN_KEYS = (*_ARROWS, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_K)
_SMALLEST_PX = 8 * SPACE_PX
_LARGEST_PX = 40 * SPACE_PX


class BreedGrid(QWidget):
    """Cells of sprites with their scores, as square as can be.

    Args:
        parent: Its owner.

    Attributes:
        toggled: Emitted with a cell's number: its mark shall change.
        taken: Emitted with a cell's number: it shall be the sprite on the canvas.
        keep_asked: Emitted with a cell's number: it shall be put on the shelf.
    """

    toggled = Signal(int)
    taken = Signal(int)
    keep_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("breed-grid")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleDescription("Variations to mark as parents: arrows go, Space marks, Enter takes one.")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._count = 0
        self._images: list[QImage | None] = []
        self._scores: list[float] = []
        self._empty: frozenset[int] = frozenset()
        self._marked: frozenset[int] = frozenset()
        self._cursor = 0
        self._hovered = -1
        self._say()

    # ---- what is shown -----------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Cells."""
        return self._count

    @property
    def filled(self) -> int:
        """Cells that show a sprite."""
        return sum(image is not None for image in self._images)

    @property
    def chosen(self) -> int:
        """Number of the cell that has the keyboard."""
        return self._cursor

    def clear(self, count: int) -> None:
        """So many empty cells."""
        self._count = count
        self._images = [None] * count
        self._scores = [math.nan] * count
        self._empty = frozenset()
        self._cursor = min(self._cursor, max(0, count - 1))
        self._hovered = -1
        self._say()
        self.update()

    def put(self, start: int, sprites: Sequence[Sprite], scores: Sequence[Score]) -> None:
        """Fill cells from `start` on; what goes beyond the last is left out."""
        for index, (sprite, score) in enumerate(zip(sprites, scores, strict=True), start=start):
            if index < self._count:
                self._images[index] = pictures.to_image(sprite)
                self._scores[index] = score.value
                self._empty = self._empty - {index} if not sprite.is_empty else self._empty | {index}
        self._say()
        self.update()

    def set_marked(self, marked: Sequence[int]) -> None:
        """Show which cells are marked."""
        self._marked = frozenset(marked)
        self._say()
        self.update()

    def _say(self) -> None:
        self.setAccessibleName(f"Variations: {self.told(self._cursor)}" if self._count else "Variations")

    def told(self, index: int) -> str:
        """A cell in words."""
        score = self._scores[index]
        judged = "" if math.isnan(score) else f", score {score:.0f}"
        seen = ", nothing to see" if index in self._empty else ""
        return f"{index + 1} of {self._count}{seen}{judged}{', marked' if index in self._marked else ''}"

    # ---- where it is -------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Cells in a row: of the numbers that leave no row half empty, the one that makes cells largest."""
        even = [columns for columns in range(1, self._count + 1) if self._count % columns == 0]
        return max(even, key=self._side_of, default=1)

    def _side_of(self, columns: int) -> tuple[int, int]:
        rows = -(-self._count // columns)
        side = min((self.width() + SPACE_PX) // columns, (self.height() + SPACE_PX) // rows) - SPACE_PX
        return side, -abs(columns - rows)

    def cell(self, index: int) -> QRect:
        """Where a cell is, in logical pixels."""
        columns = self.columns
        rows = -(-self._count // columns)
        side = min(_LARGEST_PX, self._side_of(columns)[0])
        step = side + SPACE_PX
        left = (self.width() - columns * step + SPACE_PX) // 2
        top = (self.height() - rows * step + SPACE_PX) // 2
        return QRect(left + index % columns * step, top + index // columns * step, side, side)

    def index_at(self, point: QPoint) -> int:
        """The cell at a point, or -1."""
        return next((index for index in range(self._count) if self.cell(index).contains(point)), -1)

    # ---- painting ----------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Every cell: well, sprite, score, mark, ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small"))
        for index in range(self._count):
            self._paint_cell(painter, index)

    def _paint_cell(self, painter: QPainter, index: int) -> None:
        tokens, area = theme.current(), self.cell(index)
        is_marked = index in self._marked
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.hover if index == self._hovered else tokens.sunken))
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        image = self._images[index]
        if image is not None:
            inset = SPACE_PX // 2
            pictures.paint_sprite(painter, area.adjusted(inset, inset, -inset, -inset), image, self.devicePixelRatioF())
        if not math.isnan(self._scores[index]):
            self._paint_score(painter, area, f"{self._scores[index]:.0f}")
        if is_marked:
            spot = QRect(area.left() + 2, area.top() + 2, icons.GRID_PX, icons.GRID_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(tokens.accent))
            painter.drawRoundedRect(spot, 2, 2)
            painter.drawPixmap(spot.topLeft(), icons.pixmap("check", tokens.on_accent, self.devicePixelRatioF()))
        has_cursor = self.hasFocus() and index == self._cursor
        ring = tokens.focus if has_cursor else tokens.accent if is_marked else ""
        if ring:
            painter.setPen(theme.colour(ring))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)

    def _paint_score(self, painter: QPainter, area: QRect, score: str) -> None:
        tokens, metrics = theme.current(), painter.fontMetrics()
        width, height = metrics.horizontalAdvance(score) + SPACE_PX, metrics.ascent() + 2
        spot = QRect(area.right() - width, area.bottom() - height, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken, 0.85))
        painter.drawRoundedRect(spot, 2, 2)
        painter.setPen(theme.colour(tokens.text))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, score)

    # ---- mouse and keyboard ------------------------------------------------------------------------

    def _go_to(self, index: int) -> None:
        self._cursor = index
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        """Six cells of a comfortable size each way."""
        return QSize(6 * 20 * SPACE_PX, 6 * 20 * SPACE_PX)

    def minimumSizeHint(self) -> QSize:
        """Eight of the smallest cells each way."""
        return QSize(8 * (_SMALLEST_PX + SPACE_PX), 8 * (_SMALLEST_PX // 2 + SPACE_PX))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click marks a cell, or takes its mark away."""
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._go_to(index)
            self.toggled.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click takes a cell; the mark that its first click changed is as before."""
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.toggled.emit(index)
            self.taken.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the cell under the mouse."""
        index = self.index_at(event.position().toPoint())
        if index != self._hovered:
            self._hovered = index
            self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        """Dim again."""
        self._hovered = -1
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with one cell."""
        index = self.index_at(event.pos()) if event.reason() == QContextMenuEvent.Reason.Mouse else self._cursor
        if not 0 <= index < self._count or self._images[index] is None:
            return
        self._go_to(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        take = menu.addAction("Take as the Sprite")
        keep = menu.addAction("Keep on the Shelf")
        mark = menu.addAction("Unmark" if index in self._marked else "Mark as Parent")
        picked = menu.exec(event.globalPos())
        for action, signal in ((take, self.taken), (keep, self.keep_asked), (mark, self.toggled)):
            if picked is action:
                signal.emit(index)

    def event(self, event: QEvent) -> bool:
        """Its keys are its own while it has the keyboard; the tooltip says what is under the mouse."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and event.key() in _OWN_KEYS:
                event.accept()
                return True
        if event.type() == QEvent.Type.ToolTip and self._hovered >= 0:
            hint = "Click marks it as a parent, double-click takes it, K keeps it."
            QToolTip.showText(
                self.mapToGlobal(self.cell(self._hovered).bottomLeft()), f"{self.told(self._hovered)}. {hint}"
            )
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, Space marks, Enter takes, K keeps."""
        key = event.key()
        if not self._count:
            super().keyPressEvent(event)
        elif key in _ARROWS:
            step_x, step_y = _ARROWS[Qt.Key(key)]
            column = self._cursor % self.columns + step_x
            index = self._cursor + step_x + step_y * self.columns
            if 0 <= column < self.columns and 0 <= index < self._count:
                self._go_to(index)
        elif key == Qt.Key.Key_Space:
            self.toggled.emit(self._cursor)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit(self._cursor)
        elif key == Qt.Key.Key_K:
            self.keep_asked.emit(self._cursor)
        else:
            super().keyPressEvent(event)
