"""Thousands of thumbnails as a list model: only what is on screen is asked for, and not everything is kept."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import icons, pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.labels import counted
from lunar_studio.workers.data_service import FileVerdict

Index = QModelIndex | QPersistentModelIndex
VERDICT_ROLE = int(Qt.ItemDataRole.UserRole)
IMAGE_ROLE = VERDICT_ROLE + 1

MAX_IMAGES = 3000
"""Pictures kept; those not seen for longest go first. 3,000 of 128 by 128 are 192 MB, of 32 by 32 12 MB."""

TILE_PX = 72


class ThumbModel(QAbstractListModel):
    """Files of a report with their thumbnails, as far as they have come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdicts: tuple[FileVerdict, ...] = ()
        self._rows: dict[str, int] = {}
        self._images: OrderedDict[str, QImage | None] = OrderedDict()

    def set_verdicts(self, verdicts: tuple[FileVerdict, ...]) -> None:
        """Show other files; pictures that are known stay known."""
        self.beginResetModel()
        self._verdicts = verdicts
        self._rows = {verdict.path: row for row, verdict in enumerate(verdicts)}
        self.endResetModel()

    def forget(self) -> None:
        """Forget every picture: another source has files of the same names."""
        self._images.clear()

    def add(self, thumbnails: dict[str, Sprite | None]) -> None:
        """Take in pictures that have come."""
        for path, sprite in thumbnails.items():
            self._images[path] = None if sprite is None else pictures.to_image(sprite)
            self._images.move_to_end(path)
            if (row := self._rows.get(path)) is not None:
                self.dataChanged.emit(self.index(row), self.index(row), [IMAGE_ROLE])
        while len(self._images) > MAX_IMAGES:
            self._images.popitem(last=False)

    def missing(self, first: int, last: int) -> list[str]:
        """Paths of the rows from `first` to `last` whose pictures have not come; those that have stay longer."""
        paths = []
        for verdict in self._verdicts[max(0, first) : last + 1]:
            if verdict.path in self._images:
                self._images.move_to_end(verdict.path)
            elif verdict.verdict != "refused":
                paths.append(verdict.path)
        return paths

    def row_of(self, path: str) -> int:
        """Row of the file called `path`, -1 when there is none."""
        return self._rows.get(path, -1)

    def path_of(self, row: int) -> str:
        """Path of the file in that row; empty when there is none, or it cannot be read."""
        verdict = self._verdicts[row] if 0 <= row < len(self._verdicts) else None
        return verdict.path if verdict is not None and verdict.verdict != "refused" else ""

    def rowCount(self, parent: Index | None = None) -> int:
        """Files; a list has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._verdicts)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name, words, verdict or picture."""
        if not 0 <= index.row() < len(self._verdicts):
            return None
        verdict = self._verdicts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return verdict.path.rpartition("/")[2]
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return verdict_words(verdict)
            case _ if role == VERDICT_ROLE:
                return verdict
            case _ if role == IMAGE_ROLE:
                return self._images.get(verdict.path)
        return None


class ThumbDelegate(QStyledItemDelegate):
    """A tile with the exact pixels; a mark in the corner where something is worth knowing."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """One tile."""
        return QSize(TILE_PX, TILE_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one tile."""
        tokens = theme.current()
        area = option.rect.adjusted(2, 2, -2, -2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setBrush(theme.colour(tokens.hover if hovered else tokens.sunken))
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        image = index.data(IMAGE_ROLE)
        if isinstance(image, QImage):
            pictures.paint_sprite(painter, area.adjusted(2, 2, -2, -2), image, painter.device().devicePixelRatioF())
        verdict = index.data(VERDICT_ROLE)
        if isinstance(verdict, FileVerdict) and verdict.verdict == "refused":
            ratio = painter.device().devicePixelRatioF()
            corner = area.center() - QPoint(icons.GRID_PX // 2, icons.GRID_PX // 2)
            painter.drawPixmap(corner, icons.pixmap("warning", tokens.bad, ratio))
        elif isinstance(verdict, FileVerdict) and (mark := _mark(verdict)):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(getattr(tokens, mark)))
            painter.drawEllipse(
                area.right() - 2 * SPACE_PX - 1, area.top() + SPACE_PX, 2 * SPACE_PX - 2, 2 * SPACE_PX - 2
            )
        if option.state & QStyle.StateFlag.State_Selected:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(theme.colour(tokens.focus if focused else tokens.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        painter.restore()


class ThumbGrid(QListView):
    """The grid: even tiles, so that Qt lays out only what is seen.

    Args:
        model: The thumbnails.
        parent: Its owner.
    """

    def __init__(self, model: ThumbModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thumb-grid")
        self.setAccessibleName("Sprites")
        self.setModel(model)
        self.setItemDelegate(ThumbDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(TILE_PX, TILE_PX))
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(2000)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def rows_in_sight(self) -> tuple[int, int]:
        """First and last row on screen, and one screen more below; (0, -1) when there are none."""
        model = self.model()
        if not model.rowCount():
            return 0, -1
        across = max(1, self.viewport().width() // TILE_PX)
        first = self.verticalScrollBar().value() // TILE_PX * across
        tall = self.viewport().height() // TILE_PX + 2
        return first, min(model.rowCount(), first + 2 * across * tall) - 1


def verdict_words(verdict: FileVerdict) -> str:
    """What is known of a file, in a few lines."""
    lines = [verdict.path]
    if verdict.width:
        frames = f", {verdict.frames} frames" if verdict.frames > 1 else ""
        lines.append(f"{verdict.width} × {verdict.height} px, {counted(verdict.colours, 'colour')}{frames}")
    lines += [_sentence(verdict.reason)] if verdict.reason else []
    lines += [f"The same pixels as {verdict.duplicate_of}."] if verdict.duplicate_of else []
    lines += [_sentence(note) for note in verdict.notes]
    return "\n".join(lines)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _mark(verdict: FileVerdict) -> str:
    """Token of the mark in the corner; empty for none."""
    return "muted" if verdict.verdict in ("duplicate", "skipped") or verdict.notes else ""
