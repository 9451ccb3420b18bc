"""The run list: every run on disk with its state, and what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.errors import TrainingError
from lunar_studio.gui import theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.train.run_records import RunRecord, move_to_bin, read_runs, restore
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel

Index = QModelIndex | QPersistentModelIndex
RECORD_ROLE = int(Qt.ItemDataRole.UserRole)

_ROW_PX = 12 * SPACE_PX
_STATE_WORDS = {
    "running": "broke off",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "unreadable": "cannot be read",
}
_STATE_TOKENS = {"running": "warn", "finished": "good", "stopped": "muted", "failed": "bad", "unreadable": "bad"}


def state_words(record: RunRecord, *, is_active: bool) -> str:
    """A run's state in a few words: `step 1,240 of 20,000 · stopped`."""
    if record.state == "unreadable":
        return _STATE_WORDS["unreadable"]
    steps = f"step {record.step:,}" + (f" of {record.max_steps:,}" if record.max_steps else "")
    return "training now" if is_active else f"{steps} · {_STATE_WORDS[record.state]}"


class RunListModel(QAbstractListModel):
    """The runs, the newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[RunRecord, ...] = ()
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
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return record.name
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(filter(None, (record.name, record.preset, words, record.problem, str(record.path))))
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{record.name}, {record.preset}, {words}"
            case _ if role == RECORD_ROLE:
                return record
        return None


class RunDelegate(QStyledItemDelegate):
    """Two lines: a state light and the name, then preset and steps."""

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
        painter.drawEllipse(QPoint(area.left() + 3 * SPACE_PX, area.top() + _ROW_PX // 3 - 1), 3, 3)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour(tokens.focus))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        text = area.adjusted(6 * SPACE_PX, SPACE_PX, -2 * SPACE_PX, -SPACE_PX)
        upper = QRect(text.left(), text.top(), text.width(), text.height() // 2)
        lower = QRect(text.left(), upper.bottom() + 1, text.width(), text.height() // 2)
        self._line(painter, upper, record.name, tokens.text, bold=True)
        words = state_words(record, is_active=is_active)
        self._line(painter, lower, words, tokens.accent if is_active else tokens.muted, bold=False)
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, area: QRect, words: str, colour: str, *, bold: bool) -> None:
        painter.setFont(theme.font("body" if bold else "small", bold=bold))
        painter.setPen(theme.colour(colour))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class RunListPanel(Panel):
    """Runs, and what can be done with the chosen one: continue, explore, delete; a deletion can be undone.

    Args:
        folder: Where the runs lie.
        parent: Its owner.

    Attributes:
        selected: A run was chosen; emitted with its `RunRecord`.
        continue_requested: Emitted with the `RunRecord` to go on with.
        explore_requested: Emitted with the path of the model to explore.
        failed: Emitted with a `TrainingError`.
    """

    selected = Signal(object)
    continue_requested = Signal(object)
    explore_requested = Signal(object)
    failed = Signal(object)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-list-panel")
        self._folder = folder
        self._binned: tuple[Path, Path] | None = None
        self._is_training = False
        self.model = RunListModel(self)
        self.view = QListView()
        self.continue_button = TextButton(
            "Continue",
            tip="Go on with this run from its last checkpoint, for as long as set on the right.",
        )
        self.explore_button = TextButton("Explore", tip="Play with the model that this run made.")
        self.delete_button = IconButton(
            "trash", "Delete this run", tip="Move this run to the bin (Del); can be undone."
        )
        self.undo_button = TextButton(
            "Undo", role="quiet", icon_name="undo", tip="Take the deleted run back out of the bin."
        )
        self._undo_row = QWidget()
        self._undo_text = Label(size="small", role="muted", wrap=True)
        self._pages = QStackedWidget()
        self._build()
        self.refresh()

    def _build(self) -> None:
        self.view.setObjectName("run-list")
        self.view.setAccessibleName("Runs")
        self.view.setModel(self.model)
        self.view.setItemDelegate(RunDelegate(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.view.installEventFilter(self)
        self._pages.addWidget(_no_runs())
        self._pages.addWidget(self.view)
        self.continue_button.clicked.connect(self._on_continue)
        self.explore_button.clicked.connect(self._on_explore)
        self.delete_button.clicked.connect(self.delete_current)
        self.undo_button.clicked.connect(self.undo_delete)
        undo = QHBoxLayout(self._undo_row)
        undo.setContentsMargins(0, 0, 0, 0)
        undo.addWidget(self._undo_text, 1)
        undo.addWidget(self.undo_button)
        self._undo_row.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_PX)
        buttons.addWidget(self.continue_button, 1)
        buttons.addWidget(self.explore_button, 1)
        buttons.addWidget(self.delete_button)
        self.column.addWidget(Label("Runs", bold=True))
        self.column.addWidget(self._pages, 1)
        self.column.addWidget(self._undo_row)
        self.column.addLayout(buttons)

    # ---- what is shown ---------------------------------------------------------------------------

    @property
    def current(self) -> RunRecord | None:
        """The chosen run."""
        record = self.view.currentIndex().data(RECORD_ROLE)
        return record if isinstance(record, RunRecord) else None

    @property
    def models(self) -> tuple[Path, ...]:
        """Finished models of all runs, the newest first."""
        return tuple(record.model_path for record in self.model.records if record.model_path is not None)

    @Slot()
    def refresh(self) -> None:
        """Look at the folder again; the chosen run stays chosen."""
        chosen = self.current
        self.model.set_records(read_runs(self._folder))
        self._pages.setCurrentIndex(1 if self.model.rowCount() else 0)
        if chosen is not None:
            self.choose(chosen.path)
        self._enable()

    def choose(self, path: Path) -> None:
        """Choose the run in `path`, if it is there."""
        row = self.model.row_of(path)
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row))

    def set_active(self, path: Path | None, *, is_training: bool) -> None:
        """Mark the run that trains, or None; nothing can be continued meanwhile."""
        self.model.active = path
        self._is_training = is_training
        self.refresh()
        self.view.viewport().update()

    def _enable(self) -> None:
        record = self.current
        is_active = record is not None and record.path == self.model.active
        self.continue_button.setEnabled(record is not None and record.can_continue and not self._is_training)
        self.explore_button.setEnabled(record is not None and record.model_path is not None)
        self.delete_button.setEnabled(record is not None and not is_active)

    @Slot()
    def _on_current_changed(self) -> None:
        self._enable()
        if (record := self.current) is not None:
            self.selected.emit(record)

    # ---- what can be done ------------------------------------------------------------------------

    @Slot()
    def _on_continue(self) -> None:
        if (record := self.current) is not None:
            self.continue_requested.emit(record)

    @Slot()
    def _on_explore(self) -> None:
        if (record := self.current) is not None and record.model_path is not None:
            self.explore_requested.emit(record.model_path)

    @Slot()
    def delete_current(self) -> None:
        """Move the chosen run to the bin."""
        record = self.current
        if record is None or record.path == self.model.active:
            return
        try:
            binned = move_to_bin(record.path, datetime.now(UTC))
        except TrainingError as error:
            self.failed.emit(error)
        else:
            self._binned = (binned, record.path)
            self._undo_text.setText(f"“{record.name}” is in the bin.")
            self._undo_row.show()
        self.refresh()

    @Slot()
    def undo_delete(self) -> None:
        """Take the last deleted run back."""
        if self._binned is None:
            return
        binned, path = self._binned
        try:
            restore(binned, path)
        except TrainingError as error:
            self.failed.emit(error)
        self._binned = None
        self._undo_row.hide()
        self.refresh()
        self.choose(path)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Delete on the list deletes."""
        is_key = event.type() == QEvent.Type.KeyPress and watched is self.view
        if is_key and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            self.delete_current()
            return True
        return False


def _no_runs() -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 2 * SPACE_PX, 0, 0)
    words = Label(
        "What you train is kept here: you can go on with it, explore it, or delete it.", role="muted", wrap=True
    )
    column.addWidget(words)
    column.addStretch(1)
    return page
