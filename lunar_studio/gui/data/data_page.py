"""The Data page: choose art, look through it, build a data set, send it to training."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.gui.art_page import ArtPage
from lunar_studio.gui.data.doctor_panel import DoctorPanel
from lunar_studio.gui.data.problems_panel import ProblemsPanel
from lunar_studio.gui.data.slicer_dialog import SlicerDialog
from lunar_studio.gui.data.thumb_model import ThumbGrid, ThumbModel
from lunar_studio.gui.data.words_panel import WordsPanel
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.art_chooser import ART_FILTER
from lunar_studio.gui.train.start_flow import dataset_dir
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.gui.widgets.labels import ElidedLabel, Label, counted
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.paths import is_file
from lunar_studio.pixels.slicing import SliceSpec
from lunar_studio.workers.data_service import DataService, Diagnosis, MendedCopy, Notes, Report, Sheet
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.thumbnail_service import ThumbnailService

_PROBLEMS_PX = 80 * SPACE_PX
_SIZES_PX = (16, 24, 32, 48, 64, 96, 128)
_LOOK_AGAIN_MS = 30
_KINDS = "PNG, GIF, APNG, WebP, BMP and Aseprite files can be used, in folders inside it, too."


class DataPage(ArtPage):
    """A folder, zip or picture of art, looked through.

    Args:
        host: Runs the threads that look through art, draw thumbnails and build data sets.
        datasets_dir: Where built data sets are kept.
        parent: Its owner.

    Attributes:
        train_requested: A data set shall be trained on; emitted with its path.
    """

    train_requested = Signal(object)

    def __init__(self, host: ThreadHost, datasets_dir: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data-page")
        self._data = DataService(host, self)
        # Looks while the artist goes on: nothing waits for it.
        self._doctor = DataService(host, self)
        self._thumbs = ThumbnailService(host, self)
        self._datasets_dir = datasets_dir
        self.source: Path | None = None
        self.report: Report | None = None
        self.slicer: SlicerDialog | None = None
        self._only_grids = False
        self._notes = Notes()
        self.diagnosis: Diagnosis | None = None
        self._dataset: Path | None = None
        self.banner = Banner()
        self.model = ThumbModel(self)
        self.grid = ThumbGrid(self.model)
        self.problems = ProblemsPanel()
        self.doctor = DoctorPanel()
        self.words = WordsPanel()
        self.side = QTabWidget()
        self.size_box = QComboBox()
        self.bar = QProgressBar()
        self.folder_button = TextButton(
            "Folder…", icon_name="folder", tip="Choose a folder of art; folders inside it count too."
        )
        self.file_button = TextButton(
            "Zip or picture…", icon_name="import", tip="Choose a zip of art, or a single picture."
        )
        self.build_button = TextButton(
            "Build data set",
            role="primary",
            icon_name="data",
            tip="Write what training reads. Your files stay as they are.",
        )
        self.cancel_button = TextButton("Cancel", icon_name="stop", tip="Stop; nothing is written.")
        self.train_button = TextButton(
            "Train on it", role="primary", icon_name="train", tip="Go to Train with this data set."
        )
        self._title = ElidedLabel(size="title")
        self._status = ElidedLabel(size="small", role="muted")
        self._empty = EmptyState(
            "data",
            "Look through your art",
            "Drop a folder, a zip or a picture here. You see every sprite, and why some cannot be used.",
            "Choose a folder…",
        )
        self._pages = QStackedWidget()
        # A quick scroll passes many screens; only the one where it comes to rest is drawn.
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_AGAIN_MS)
        self._build()
        self._connect()
        self._enable()

    def _build(self) -> None:
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.size_box.addItem("commonest size", None)
        for size in _SIZES_PX:
            self.size_box.addItem(f"{size} px", size)
        self.size_box.setAccessibleName("Size of the sprites")
        self.size_box.setToolTip(
            "Width and height every sprite gets. Larger ones are cut or scaled by whole steps, never blurred."
        )
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._status)
        top = QHBoxLayout()
        top.setSpacing(2 * SPACE_PX)
        top.addLayout(words, 1)
        for button in (self.folder_button, self.file_button):
            top.addWidget(button)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * SPACE_PX)
        bottom.addWidget(Label("Sprites of", role="muted"))
        bottom.addWidget(self.size_box)
        bottom.addStretch(1)
        for button in (self.cancel_button, self.build_button, self.train_button):
            bottom.addWidget(button)
        art = Panel()
        art.column.addLayout(top)
        art.column.addWidget(self.bar)
        art.column.addWidget(self.grid, 1)
        art.column.addLayout(bottom)
        self.side.setFixedWidth(_PROBLEMS_PX)
        self.side.setDocumentMode(True)
        self.side.addTab(self.doctor, "Findings")
        self.side.addTab(self.problems, "Files")
        self.side.addTab(self.words, "Words")
        full = QWidget()
        row = QHBoxLayout(full)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(art, 1)
        row.addWidget(self.side)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(full)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(self.banner)
        column.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self._empty.acted.connect(self._ask_folder)
        self.folder_button.clicked.connect(self._ask_folder)
        self.file_button.clicked.connect(self._ask_file)
        self.build_button.clicked.connect(self.build_dataset)
        self.cancel_button.clicked.connect(self._data.request_stop)
        self.train_button.clicked.connect(self._on_train)
        self.size_box.currentIndexChanged.connect(self._on_size_changed)
        self.problems.chosen.connect(self._on_problem_chosen)
        self.doctor.chosen.connect(self._on_problem_chosen)
        self.doctor.mend_requested.connect(self._on_mend)
        self._doctor.examined.connect(self._on_examined)
        self._doctor.failed.connect(self._on_doctor_failed)
        self._data.mended.connect(self._on_mended)
        self._data.sheet_opened.connect(self._on_sheet_opened)
        self.words.edited.connect(self._on_words)
        self.words.cut_requested.connect(self._on_cut_requested)
        self.grid.selectionModel().currentChanged.connect(self._on_sprite_chosen)
        self.grid.verticalScrollBar().valueChanged.connect(self._look.start)
        self._look.timeout.connect(self._want_thumbnails)
        self._data.progressed.connect(self._on_progressed)
        self._data.checked.connect(self._on_checked)
        self._data.built.connect(self._on_built)
        self._data.failed.connect(self._on_failed)
        self._data.stopped.connect(self._on_stopped)
        self._data.running_changed.connect(self._enable)
        self._thumbs.drawn.connect(self._on_drawn)

    # ---- choosing --------------------------------------------------------------------------------

    def set_source(self, source: Path) -> None:
        """Look through other art."""
        self.source, self.report, self.diagnosis, self._dataset = source, None, None, None
        self._doctor.request_stop()
        self.doctor.show_diagnosis(None, "First a look at every file…")
        self.banner.dismiss()
        self.model.forget()
        self.model.set_verdicts(())
        self.problems.show_report(None)
        self._title.set_text(source.name)
        self._notes = self._read_notes(source)
        self.words.show_file("", self._notes)
        self._status.set_text("Looking through it…")
        self._pages.setCurrentIndex(1)
        self._thumbs.open(source)
        self.bar.setRange(0, 0)
        self._data.check(source)
        self._enable()

    @Slot()
    def _ask_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Choose a folder of art"):
            self.set_source(Path(name))

    @Slot()
    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Choose a zip of art, or a picture", "", ART_FILTER)
        if name:
            self.set_source(Path(name))

    # ---- what was found --------------------------------------------------------------------------

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self._status.set_text(f"{done:,} of {total:,} files")

    @Slot(object)
    def _on_checked(self, report: Report) -> None:
        self.report = report
        self.model.set_verdicts(report.verdicts)
        self.problems.show_report(report)
        known = f"mostly {report.size} px" if report.size else "none of them can be used"
        words = f"{counted(len(report.verdicts), 'picture')}, {counted(report.sprites, 'sprite')}, {known}"
        self._status.set_text(words if report.verdicts else "There are no pictures in it.")
        if not report.verdicts and self.source is not None:
            self.banner.tell(f"“{self.source.name}” holds no pictures.", _KINDS)
        self._look.start()
        self._enable()
        if self.source is not None and report.verdicts:
            self.doctor.show_diagnosis(None, "Comparing every sprite with the others…")
            self._doctor.examine(self.source)
            self._offer_cut(self.source, report)
        else:
            self.doctor.show_diagnosis(None, "There is nothing to look at.")

    def _offer_cut(self, source: Path, report: Report) -> None:
        """A picture chosen by itself may be a sheet: where a grid shows in it, the artist sees the cut at once."""
        path = report.verdicts[0].path
        if len(report.verdicts) == 1 and report.sprites == 1 and is_file(source) and not self._notes.of(path).cut:
            self._only_grids = True
            self._data.open_sheet(source, path)

    @Slot(object)
    def _on_examined(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        self.doctor.show_diagnosis(diagnosis)
        self._enable()

    @Slot(object)
    def _on_doctor_failed(self, failure: Failure) -> None:
        self.doctor.show_diagnosis(None, f"{failure.message} {failure.hint}")

    @Slot(object)
    def _on_mend(self, fixes: frozenset[str]) -> None:
        if self.source is not None and self.diagnosis is not None and not self._data.is_running:
            self.bar.setRange(0, 0)
            self._status.set_text("Writing a mended copy…")
            self._data.mend(self.source, self.diagnosis, fixes)

    @Slot(object)
    def _on_mended(self, copy: MendedCopy) -> None:
        self.set_source(copy.folder)
        words = f"{copy.changed:,} sprites changed, {copy.left_out:,} left out, {copy.copied:,} files as they were"
        self.banner.tell(f"A mended copy is in {copy.folder}", f"{words}. Your own files are untouched.", "good")

    # ---- words and cuts --------------------------------------------------------------------------

    def _read_notes(self, source: Path) -> Notes:
        try:
            return self._data.notes(source)
        except DatasetError as error:
            self.banner.tell(error.message, error.hint)
            return Notes()

    @Slot()
    def _on_sprite_chosen(self) -> None:
        path = self.model.path_of(self.grid.currentIndex().row())
        self.words.show_file(path, self._notes)

    @Slot(object)
    def _on_words(self, notes: Notes) -> None:
        self._keep(notes)

    def _keep(self, notes: Notes) -> bool:
        """Keep notes; a data set that was built without them is not the one to train on."""
        if self.source is None:
            return False
        try:
            self._data.keep_notes(self.source, notes)
        except DatasetError as error:
            self.banner.tell(error.message, error.hint)
            return False
        self._notes, self._dataset = notes, None
        self._enable()
        return True

    @Slot(str)
    def _on_cut_requested(self, path: str) -> None:
        if self.source is not None and not self._data.is_running:
            self._only_grids = False
            self._data.open_sheet(self.source, path)

    @Slot(object)
    def _on_sheet_opened(self, sheet: Sheet) -> None:
        shows_grid = (sheet.found.width, sheet.found.height) != (sheet.picture.width, sheet.picture.height)
        if self._only_grids and not shows_grid:
            return
        note = self._notes.of(sheet.path)
        begin = SliceSpec.parse(note.cut) if note.cut else None
        self.slicer = SlicerDialog(sheet, begin, self)
        self.slicer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.slicer.chosen.connect(self._on_cut_chosen)
        self.slicer.open()

    @Slot(str, str)
    def _on_cut_chosen(self, path: str, cut: str) -> None:
        note = self._notes.of(path)
        changed = self._notes.with_sprite(path, replace(note, cut=cut))
        if self.source is not None and changed != self._notes and self._keep(changed):
            self.set_source(self.source)

    @Slot()
    def _want_thumbnails(self) -> None:
        first, last = self.grid.rows_in_sight()
        self._thumbs.want(self.model.missing(first, last))

    @Slot(object)
    def _on_drawn(self, thumbnails: dict[str, Sprite | None]) -> None:
        self.model.add(thumbnails)

    @Slot(str)
    def _on_problem_chosen(self, path: str) -> None:
        row = self.model.row_of(path)
        if row >= 0:
            index = self.model.index(row)
            self.grid.setCurrentIndex(index)
            self.grid.scrollTo(index)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.banner.tell(failure.message, failure.hint)
        self._status.set_text("This art cannot be used." if self.report is None else "No data set was built.")
        self._enable()

    @Slot()
    def _on_stopped(self) -> None:
        self._status.set_text("Stopped; nothing was written.")
        self._enable()

    # ---- building --------------------------------------------------------------------------------

    @Slot()
    def build_dataset(self) -> None:
        """Build a data set of the chosen size."""
        if self.source is None or self.report is None or self._data.is_running:
            return
        size = self.size_box.currentData()
        size = size if isinstance(size, int) else None
        self.bar.setRange(0, 0)
        self._status.set_text("Building a data set…")
        self._data.build(self.source, dataset_dir(self._datasets_dir, self.source, size or self.report.size), size=size)

    @Slot(object)
    def _on_built(self, path: Path) -> None:
        facts = self._data.facts(path)
        if facts is None:
            return
        self._dataset = path
        held_out = (
            f"{facts.validation:,} of them held out to test what it learns"
            if facts.validation
            else "All of them are trained on: too few, or too much alike, to hold some out."
        )
        self.banner.tell(f"The data set is ready: {facts.sprites:,} sprites of {facts.size} px.", held_out, "good")
        self._status.set_text(str(path))
        self._enable()

    @Slot()
    def _on_size_changed(self) -> None:
        self._dataset = None
        self._enable()

    @Slot()
    def _on_train(self) -> None:
        if self._dataset is not None:
            self.train_requested.emit(self._dataset)

    @Slot()
    def _enable(self) -> None:
        running = self._data.is_running
        usable = self.report is not None and self.report.sprites > 0
        self.bar.setVisible(running)
        self.cancel_button.setVisible(running)
        self.build_button.setVisible(self._dataset is None)
        self.build_button.setEnabled(usable and not running)
        self.train_button.setVisible(self._dataset is not None)
        self.size_box.setEnabled(usable and not running)
        self.doctor.setEnabled(not running)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More may have come into sight."""
        super().resizeEvent(event)
        self._look.start()
