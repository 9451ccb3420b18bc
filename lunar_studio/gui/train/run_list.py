"""The run list: every run on disk with its state, and what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QListView, QMenu, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio.errors import TrainingError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.run_bin import Binned, take_back, throw_away
from lunar_studio.gui.train.run_list_model import RECORD_ROLE, RunDelegate, RunListModel
from lunar_studio.gui.train.run_notes import rename_run
from lunar_studio.gui.train.run_records import RunRecord, read_runs
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel

_MOST_COMPARED = 20


class RunListPanel(Panel):
    """Runs, and what can be done with the chosen one: continue, explore, delete; a deletion can be undone.

    Args:
        folder: Where the runs lie.
        parent: Its owner.

    Attributes:
        selected: A run was chosen; emitted with its `RunRecord`.
        continue_requested: Emitted with the `RunRecord` to go on with.
        explore_requested: Emitted with the path of the model to explore.
        compare_requested: Emitted with two `RunRecord`s to show side by side.
        failed: Emitted with a `TrainingError`.
    """

    selected = Signal(object)
    continue_requested = Signal(object)
    explore_requested = Signal(object)
    compare_requested = Signal(object, object)
    failed = Signal(object)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-list-panel")
        self._folder = folder
        self._binned: Binned | None = None
        self._is_training = False
        self._is_refreshing = False
        self.model = RunListModel(self)
        self.view = QListView()
        self.continue_button = TextButton(
            "Continue",
            tip="Go on with this run from its last checkpoint, for as long as set on the right.",
        )
        self.explore_button = TextButton("Explore", tip="Play with the model that this run made.")
        self.delete_button = IconButton(
            "trash", "Delete this run", tip="Move this run to the system's bin (Del); can be undone."
        )
        self.more_button = IconButton("more", "More", tip="Rename, compare, open the folder.")
        self.menu = QMenu(self)
        self.rename_action = self.menu.addAction("Rename…")
        self.compare_menu = self.menu.addMenu("Compare with")
        self.folder_action = self.menu.addAction("Open its folder")
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
        self.rename_action.setShortcut("F2")
        self.rename_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.view.addAction(self.rename_action)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._on_menu_asked)
        self.more_button.clicked.connect(self._on_more)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.rename_action.triggered.connect(self.rename_current)
        self.compare_menu.triggered.connect(self._on_compare)
        self.folder_action.triggered.connect(self._on_folder)
        self.model.rename_requested.connect(self._on_rename)
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
        heading = QHBoxLayout()
        heading.addWidget(Label("Runs", bold=True), 1)
        heading.addWidget(self.more_button)
        heading.addWidget(self.delete_button)
        self.column.addLayout(heading)
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
        """Look at the folder again; the chosen run stays chosen, which is no new choice."""
        chosen = self.current
        self._is_refreshing = True
        self.model.set_records(read_runs(self._folder))
        self._pages.setCurrentIndex(1 if self.model.rowCount() else 0)
        if chosen is not None:
            self.choose(chosen.path)
        self._is_refreshing = False
        self._enable()

    def choose(self, path: Path) -> None:
        """Choose the run in `path`; none where it is not there."""
        row = self.model.row_of(path)
        self.view.setCurrentIndex(self.model.index(row) if row >= 0 else QModelIndex())

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
        self.explore_button.setEnabled(record is not None and record.explore_path is not None)
        self.delete_button.setEnabled(record is not None and not is_active)
        self.rename_action.setEnabled(record is not None and not is_active)
        self.more_button.setEnabled(record is not None)

    @Slot()
    def _on_current_changed(self) -> None:
        self._enable()
        if (record := self.current) is not None and not self._is_refreshing:
            self.selected.emit(record)

    # ---- what can be done ------------------------------------------------------------------------

    @Slot()
    def _on_continue(self) -> None:
        if (record := self.current) is not None:
            self.continue_requested.emit(record)

    @Slot()
    def _on_explore(self) -> None:
        if (record := self.current) is not None and record.explore_path is not None:
            self.explore_requested.emit(record.explore_path)

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        if self.current is not None:
            self.menu.popup(self.view.viewport().mapToGlobal(place))

    @Slot()
    def _on_more(self) -> None:
        self.menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    @Slot()
    def _fill_menu(self) -> None:
        """Offer the newest of the other runs to compare with."""
        self.compare_menu.clear()
        current = self.current
        others = [one for one in self.model.records if current is not None and one.path != current.path]
        for record in others[:_MOST_COMPARED]:
            self.compare_menu.addAction(record.name.replace("&", "&&")).setData(str(record.path))
        self.compare_menu.setEnabled(bool(others))

    @Slot()
    def rename_current(self) -> None:
        """Begin to type another name."""
        if self.current is not None and self.rename_action.isEnabled():
            self.view.edit(self.view.currentIndex())

    @Slot(object, str)
    def _on_rename(self, record: RunRecord, name: str) -> None:
        try:
            path = rename_run(record.path, name)
        except TrainingError as error:
            self.failed.emit(error)
            return
        self.refresh()
        self.choose(path)
        self.view.setFocus()  # the field that was typed in had the keyboard, and is gone

    @Slot(QAction)
    def _on_compare(self, entry: QAction) -> None:
        row, current = self.model.row_of(Path(entry.data())), self.current
        if row >= 0 and current is not None:
            self.compare_requested.emit(current, self.model.records[row])

    @Slot()
    def _on_folder(self) -> None:
        if self.current is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.current.path)))

    @Slot()
    def delete_current(self) -> None:
        """Move the chosen run to the bin."""
        record = self.current
        if record is None or record.path == self.model.active:
            return
        try:
            self._binned = throw_away(record.path, datetime.now(UTC))
        except TrainingError as error:
            self.failed.emit(error)
        else:
            self._undo_text.setText(self._binned.words)
            self._undo_row.show()
        self.refresh()

    @Slot()
    def undo_delete(self) -> None:
        """Take the last deleted run back."""
        if self._binned is None:
            return
        path = self._binned.run
        try:
            take_back(self._binned)
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
