"""The runs as a list: names, states, thumbnails; and how a row is painted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lunar_studio.core.events import END_WORDS
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.train.run_notes import read_note
from lunar_studio.gui.train.run_records import RunRecord
from lunar_studio.workers.preview_store import list_previews, read_preview

Index = QModelIndex | QPersistentModelIndex
RECORD_ROLE = int(Qt.ItemDataRole.UserRole)

_ROW_PX = 12 * SPACE_PX
_THUMB_PX = 32 - 2
_STATE_WORDS: Mapping[str, str] = {
    "running": "broke off",
    "failed": "failed",
    "unreadable": "cannot be read",
    **{str(reason): words for reason, words in END_WORDS.items()},
}
_STATE_TOKENS: Mapping[str, str] = {
    "running": "warn",
    "finished": "good",
    "stopped": "muted",
    "time-up": "muted",
    "failed": "bad",
    "unreadable": "bad",
}


def state_words(record: RunRecord, *, is_active: bool) -> str:
    """A run's state in a few words: `stopped · step 1,240 of 20,000`; what matters most first, as rows are narrow."""
    if record.state == "unreadable":
        return _STATE_WORDS["unreadable"]
    steps = f"step {record.step:,}" + (f" of {record.max_steps:,}" if record.max_steps > record.step else "")
    return "training now" if is_active else f"{_STATE_WORDS[record.state]} · {steps}"


class RunListModel(QAbstractListModel):
    """The runs, the newest first.

    Attributes:
        active: Folder of the run that trains; it keeps its name meanwhile.
        rename_requested: Emitted with a `RunRecord` and the new name.
    """

    rename_requested = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[RunRecord, ...] = ()
        self._thumbnails: dict[tuple[Path, float], QImage | None] = {}
        self.active: Path | None = None

    def set_records(self, records: tuple[RunRecord, ...]) -> None:
        """Show other runs."""
        self.beginResetModel()
        self._records = records
        self.endResetModel()

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """The runs, the newest first."""
        return self._records

    def row_of(self, path: Path | None) -> int:
        """Row of the run in `path`, -1 when there is none."""
        return next((row for row, record in enumerate(self._records) if record.path == path), -1)

    def rowCount(self, parent: Index | None = None) -> int:
        """Runs; a list has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._records)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name, words for tooltips and screen readers, or the record itself."""
        if not 0 <= index.row() < len(self._records):
            return None
        record = self._records[index.row()]
        words = state_words(record, is_active=record.path == self.active)
        answer: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                answer = record.name
            case Qt.ItemDataRole.DecorationRole:
                answer = self._thumbnail(record)
            case Qt.ItemDataRole.ToolTipRole:
                told = (record.name, read_note(record.path), record.preset, words, record.problem, str(record.path))
                answer = "\n".join(filter(None, told))
            case Qt.ItemDataRole.AccessibleTextRole:
                answer = f"{record.name}, {record.preset}, {words}"
            case _ if role == RECORD_ROLE:
                answer = record
        return answer

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name; the folder decides."""
        if role != Qt.ItemDataRole.EditRole or not isinstance(value, str) or not 0 <= index.row() < len(self._records):
            return False
        record = self._records[index.row()]
        if value.strip() and value != record.name:
            self.rename_requested.emit(record, value)
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        """All can be renamed but the one that trains."""
        flags = super().flags(index)
        record = index.data(RECORD_ROLE)
        is_editable = isinstance(record, RunRecord) and record.path != self.active
        return flags | Qt.ItemFlag.ItemIsEditable if is_editable else flags

    def _thumbnail(self, record: RunRecord) -> QImage | None:
        """The newest of what the run invented; read once for each state of its folder."""
        key = (record.path, record.changed_s)
        if key not in self._thumbnails:
            steps = list_previews(record.path)
            kept = read_preview(record.path, steps[-1]) if steps else None
            self._thumbnails[key] = None if kept is None else pictures.to_image(Sprite(kept.samples_NHWC[0]))
        return self._thumbnails[key]


class RunDelegate(QStyledItemDelegate):
    """What the run draws, then two lines: a state light and the name, then preset and steps."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        """A field for the name."""
        field = QLineEdit(parent)
        field.setAccessibleName("Name of the run")
        field.setMaxLength(80)
        return field

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        """Over the name, as high as a field is."""
        area: QRect = option.rect
        height = editor.sizeHint().height()
        editor.setGeometry(area.left(), area.top() + (area.height() - height) // 2, area.width(), height)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One row."""
        return QSize(super().sizeHint(option, index).width(), _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one run."""
        record = index.data(RECORD_ROLE)
        model = index.model()
        if not isinstance(record, RunRecord) or not isinstance(model, RunListModel):
            return
        tokens = theme.current()
        is_active = record.path == model.active
        area: QRect = option.rect.adjusted(0, 1, 0, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state: QStyle.StateFlag = option.state
        painter.setPen(Qt.PenStyle.NoPen)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            chosen = bool(state & QStyle.StateFlag.State_Selected)
            painter.setBrush(theme.colour(tokens.raised if chosen else tokens.hover, 1.0 if chosen else 0.5))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        painter.setBrush(theme.colour(tokens.accent if is_active else getattr(tokens, _STATE_TOKENS[record.state])))
        painter.drawEllipse(QPoint(area.left() + 2 * SPACE_PX, area.center().y()), 3, 3)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour(tokens.focus))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        thumb = QRect(area.left() + 4 * SPACE_PX, area.top() + 2 * SPACE_PX, _THUMB_PX, _THUMB_PX)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken))
        painter.drawRoundedRect(thumb, 2, 2)
        if isinstance(image, QImage):
            pictures.paint_sprite(painter, thumb, image, painter.device().devicePixelRatioF())
        text = area.adjusted(6 * SPACE_PX + _THUMB_PX, SPACE_PX, -SPACE_PX, -SPACE_PX)
        upper = QRect(text.left(), text.top(), text.width(), text.height() // 2)
        lower = QRect(text.left(), upper.bottom() + 1, text.width(), text.height() // 2)
        # Names differ at their ends, by day and number.
        self._line(painter, upper, record.name, tokens.text, Qt.TextElideMode.ElideMiddle, bold=True)
        words = state_words(record, is_active=is_active)
        colour = tokens.accent if is_active else tokens.muted
        self._line(painter, lower, words, colour, Qt.TextElideMode.ElideRight, bold=False)
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, area: QRect, words: str, colour: str, elide: Qt.TextElideMode, *, bold: bool) -> None:
        painter.setFont(theme.font("body" if bold else "small", bold=bold))
        painter.setPen(theme.colour(colour))
        shown = painter.fontMetrics().elidedText(words, elide, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
