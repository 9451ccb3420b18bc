"""The runs that wait, under the list of runs: their order, and which of them wait no longer."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from lunar_studio.errors import TrainingError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.run_queue import RunQueue
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel

_ROW_PX = 7 * SPACE_PX
_MOST_ROWS = 4


class QueuePanel(Panel):
    """What waits; hidden while nothing does.

    Args:
        queue: The runs.
        parent: Its owner.

    Attributes:
        start_requested: The first of them shall begin now.
        failed: Emitted with a `TrainingError`.
    """

    start_requested = Signal()
    failed = Signal(object)

    def __init__(self, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queue-panel")
        self._queue = queue
        self._is_busy = False
        self.list = QListWidget()
        self.list.setAccessibleName("Runs that wait")
        self.up_button = IconButton("arrow-up", "Earlier", tip="Let it begin one place earlier.")
        self.down_button = IconButton("arrow-down", "Later", tip="Let it begin one place later.")
        self.remove_button = IconButton("trash", "Remove from the queue", tip="Let it wait no longer.")
        self.start_button = TextButton("Start", icon_name="play", tip="Begin with the first of them.")
        self._title = Label(bold=True)
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        row.addWidget(self.start_button, 1)
        for button in (self.up_button, self.down_button, self.remove_button):
            row.addWidget(button)
        self.column.addWidget(self._title)
        self.column.addWidget(self.list)
        self.column.addLayout(row)
        self.list.currentRowChanged.connect(self._enable)
        self.up_button.clicked.connect(self._on_up)
        self.down_button.clicked.connect(self._on_down)
        self.remove_button.clicked.connect(self._on_remove)
        self.start_button.clicked.connect(self.start_requested)
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is."""
        row = self.list.currentRow()
        self.list.clear()
        for run in self._queue.runs:
            item = QListWidgetItem(run.title)
            item.setToolTip(f"{run.title}\n{run.config.preset}\n{run.source}")
            self.list.addItem(item)
        count = len(self._queue)
        self._title.setText("One run waits" if count == 1 else f"{count} runs wait")
        self.list.setFixedHeight(_ROW_PX * min(max(count, 1), _MOST_ROWS))
        self.list.setCurrentRow(min(max(row, 0), count - 1))
        self.setVisible(count > 0)
        self._enable()

    def set_busy(self, busy: bool) -> None:
        """Whether a run goes; the next one then begins by itself."""
        self._is_busy = busy
        self._enable()

    @Slot()
    def _enable(self) -> None:
        row = self.list.currentRow()
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < len(self._queue) - 1)
        self.remove_button.setEnabled(row >= 0)
        self.start_button.setVisible(not self._is_busy)

    @Slot()
    def _on_up(self) -> None:
        self._move(-1)

    @Slot()
    def _on_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        row = self.list.currentRow()
        try:
            self._queue.move(row, row + by)
        except TrainingError as error:
            self.failed.emit(error)
            return
        self.refresh()
        self.list.setCurrentRow(min(max(row + by, 0), len(self._queue) - 1))

    @Slot()
    def _on_remove(self) -> None:
        try:
            self._queue.remove(self.list.currentRow())
        except TrainingError as error:
            self.failed.emit(error)
        self.refresh()
