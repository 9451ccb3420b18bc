"""The GUI's side of importing art: a folder, zip or picture goes in, a report or a data set comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal, Slot

from lunar_studio import paths
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.findings import Diagnosis, Finding
from lunar_studio.data.notes import Credit, Notes, SpriteNote, notes_path, read_notes, write_notes
from lunar_studio.data.report import FileVerdict, Report, Statistics
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.slicing import SliceSpec
from lunar_studio.workers.one_at_a_time import OneAtATime
from lunar_studio.workers.thread_host import Worker

__all__ = [
    "Credit",
    "DataService",
    "DataWorker",
    "DatasetFacts",
    "Diagnosis",
    "FileVerdict",
    "Finding",
    "MendedCopy",
    "Notes",
    "Report",
    "Sheet",
    "SpriteNote",
    "Statistics",
]

# A progress bar cannot show more, and thousands of small files would flood the GUI's event queue.
_PROGRESS_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A built data set in a few words.

    Attributes:
        path: Its folder.
        source: Name of the folder or zip it was built from.
        size: Width and height of every sprite, in pixels.
        sprites: How many there are.
        validation: How many of them are held out.
    """

    path: Path
    source: str
    size: int
    sprites: int
    validation: int


@dataclass(frozen=True, slots=True)
class MendedCopy:
    """A mended copy of a folder of art, in a few words.

    Attributes:
        folder: Where it is.
        copied: Files that are as they were.
        changed: Sprites whose pixels changed.
        left_out: Files and sprites that are not in it.
    """

    folder: Path
    copied: int
    changed: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture that may be cut.

    Attributes:
        path: In its source.
        picture: Its first frame.
        found: The cut that shows in it; one cell of its whole size where no grid does.
    """

    path: str
    picture: Sprite
    found: SliceSpec


class DataWorker(Worker):
    """Checks art, or builds a data set from it.

    Attributes:
        progressed: Emitted with (done, total) files, at most twenty times a second.
        done: Emitted with the report or the path of the data set; not when it was asked to stop.
    """

    progressed = Signal(int, int)
    done = Signal(object)

    def __init__(self, name: str, job: Callable[[DataWorker], object]) -> None:
        super().__init__(name)
        self._job = job
        self._told_s = 0.0

    def tell_progress(self, done: int, total: int) -> None:
        """Pass on how far it is, unless that was done a moment ago. Worker's thread."""
        now_s = time.monotonic()
        if done >= total or now_s - self._told_s >= _PROGRESS_INTERVAL_S:
            self._told_s = now_s
            self.progressed.emit(done, total)

    def work(self) -> None:
        """Do the job; its result is of no use to anyone who asked it to stop."""
        result = self._job(self)
        if not self.should_stop():
            self.done.emit(result)


class DataService(OneAtATime):
    """Checks and builds, one at a time: a new request stops the one before.

    Args:
        host: Runs and ends the threads.
        parent: The QObject that owns this one.

    Attributes:
        progressed: Emitted with (done, total) files.
        checked: Emitted with a `data.report.Report`.
        examined: Emitted with a `data.findings.Diagnosis`.
        mended: Emitted with a `MendedCopy`.
        sheet_opened: Emitted with a `Sheet`.
        built: Emitted with the path of a data set.
    """

    progressed = Signal(int, int)
    checked = Signal(object)
    examined = Signal(object)
    mended = Signal(object)
    sheet_opened = Signal(object)
    built = Signal(object)

    def facts(self, path: Path) -> DatasetFacts | None:
        """What a built data set says of itself, or None when `path` is none; reads one small file."""
        from lunar_studio.data.dataset import read_facts

        try:
            facts = read_facts(path)
        except DatasetError:
            return None
        return DatasetFacts(path, facts.source or path.name, facts.size, facts.sprites, facts.validation)

    def notes(self, source: Path) -> Notes:
        """What the artist says of her art; any thread.

        Raises:
            DatasetError: The file that it is kept in is damaged.
        """
        return read_notes(notes_path(paths.datasets_dir(), source))

    def keep_notes(self, source: Path, notes: Notes) -> None:
        """Keep what the artist says, beside the data sets.

        Raises:
            DatasetError: It cannot be written.
        """
        write_notes(notes_path(paths.datasets_dir(), source), notes)

    def open_sheet(self, source: Path, path: str) -> None:
        """Read the picture called `path` and look for its grid; `sheet_opened` or `failed` answers."""

        def job(worker: DataWorker) -> object:
            from lunar_studio.data.sources import open_source
            from lunar_studio.pixels.files import read_sprites
            from lunar_studio.pixels.slicing import find_cut

            with open_source(source) as opened:
                for entry in opened.entries():
                    if entry.shown == path and not entry.refusal:
                        picture = read_sprites(opened.read(entry), name=path.rpartition("/")[2])[0]
                        return Sheet(path, picture, find_cut(picture))
                    if worker.should_stop():
                        break
            raise DatasetError(f"“{path}” is not there any more.", hint="Look through the art again.")

        self._ask(DataWorker("opening a sheet", job), self._on_sheet_opened)

    def check(self, source: Path) -> None:
        """Look at every file of `source`; `checked` or `failed` answers."""

        def job(worker: DataWorker) -> object:
            from lunar_studio.data import importing

            notes = self.notes(source)
            return importing.check(source, notes=notes, should_stop=worker.should_stop, progress=worker.tell_progress)

        self._ask(DataWorker("checking art", job), self._on_checked)

    def examine(self, source: Path) -> None:
        """Look for all that would spoil a training set; `examined` or `failed` answers."""

        def job(worker: DataWorker) -> object:
            from lunar_studio.data import doctor

            notes = self.notes(source)
            return doctor.examine(source, notes=notes, should_stop=worker.should_stop, progress=worker.tell_progress)

        self._ask(DataWorker("examining art", job), self._on_examined)

    def mend(self, source: Path, diagnosis: Diagnosis, fixes: Collection[str]) -> None:
        """Write a mended copy of `source` into a new folder beside it; `mended` or `failed` answers.

        Args:
            source: What the diagnosis is of.
            diagnosis: What was found.
            fixes: Ids of the kinds to put right.
        """

        def job(worker: DataWorker) -> object:
            from lunar_studio.data import mending

            copy = mending.mend(
                source,
                mending.free_folder(source),
                diagnosis,
                fixes,
                notes=self.notes(source),
                should_stop=worker.should_stop,
                progress=worker.tell_progress,
            )
            return MendedCopy(copy.folder, copy.copied, copy.changed, copy.left_out)

        self._ask(DataWorker("mending art", job), self._on_mended)

    def build(self, source: Path, destination: Path, *, size: int | None) -> None:
        """Build a data set of `source` at `destination`; `built` or `failed` answers.

        Args:
            source: A folder, zip or picture.
            destination: The data set's folder.
            size: Width and height in pixels, or None for the commonest among the art.
        """

        def job(worker: DataWorker) -> object:
            from lunar_studio.data import importing

            importing.build(
                source, destination, size=size, should_stop=worker.should_stop, progress=worker.tell_progress
            )
            return destination

        self._ask(DataWorker("building a data set", job), self._on_built)

    def _ask(self, worker: DataWorker, on_done: Callable[..., None]) -> None:
        worker.progressed.connect(self._on_progressed)
        worker.done.connect(on_done)
        self._start(worker)

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        if self._is_current():
            self.progressed.emit(done, total)

    @Slot(object)
    def _on_checked(self, report: object) -> None:
        if self._is_current():
            self.checked.emit(report)

    @Slot(object)
    def _on_examined(self, diagnosis: object) -> None:
        if self._is_current():
            self.examined.emit(diagnosis)

    @Slot(object)
    def _on_sheet_opened(self, sheet: object) -> None:
        if self._is_current():
            self.sheet_opened.emit(sheet)

    @Slot(object)
    def _on_mended(self, copy: object) -> None:
        if self._is_current():
            self.mended.emit(copy)

    @Slot(object)
    def _on_built(self, path: Path) -> None:
        if self._is_current():
            self.built.emit(path)
