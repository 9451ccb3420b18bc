"""The GUI's side of exporting: sprites go in, written and read-back files come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import SheetWriter
from lunar_studio.workers.thread_host import Crash, ThreadHost, Worker


class ExportWorker(Worker):
    """Writes one sheet.

    Attributes:
        exported: Emitted with a tuple of the paths written.
    """

    exported = Signal(object)

    def __init__(
        self,
        writer: SheetWriter,
        sprites: Sequence[Sprite],
        destination: Path,
        *,
        format_id: str,
        columns: int,
        own_texts: Sequence[Mapping[str, str]] = (),
        credit: str = "",
    ) -> None:
        super().__init__("exporting")
        self._writer = writer
        self._sprites = tuple(sprites)
        self._destination = destination
        self._format_id = format_id
        self._columns = columns
        self._own_texts = tuple(own_texts)
        self._credit = credit

    def work(self) -> None:
        """Write, read back, compare."""
        paths = self._writer(
            self._sprites,
            self._destination,
            format_id=self._format_id,
            columns=self._columns,
            own_texts=self._own_texts,
            credit=self._credit,
        )
        self.exported.emit(tuple(paths))


class ExportService(QObject):
    """Writes one export at a time.

    Args:
        host: Runs and ends the threads.
        writer: Writes sprites as a sheet; called in the worker's thread.
        parent: The QObject that owns this one.

    Attributes:
        exported: Emitted with a tuple of the paths written, when the next export may begin.
        failed: Emitted with a `Failure`, when the next export may begin.
        running_changed: Emitted with whether an export is going.
    """

    exported = Signal(object)
    failed = Signal(object)
    running_changed = Signal(bool)

    def __init__(self, host: ThreadHost, writer: SheetWriter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._writer = writer
        self._worker: ExportWorker | None = None
        self._answer: tuple[Path, ...] | Failure | None = None

    @property
    def is_running(self) -> bool:
        """Whether an export is going."""
        return self._worker is not None

    def export(
        self,
        sprites: Sequence[Sprite],
        destination: Path,
        *,
        format_id: str,
        columns: int,
        own_texts: Sequence[Mapping[str, str]] = (),
        credit: str = "",
    ) -> None:
        """Write `sprites` to `destination`; `exported` or `failed` answers.

        Args:
            sprites: What to write.
            destination: Where.
            format_id: How.
            columns: Frames in a row of a sheet; 0 makes it as square as can be.
            own_texts: Texts kept with each sprite that has a picture of its own; none, or one entry for each.
            credit: Whose art they go back to, for a text file beside them; empty for none.

        Raises:
            RuntimeError: An export is going already.
        """
        if self._worker is not None:
            raise RuntimeError("an export is going already")
        worker = ExportWorker(
            self._writer,
            sprites,
            destination,
            format_id=format_id,
            columns=columns,
            own_texts=own_texts,
            credit=credit,
        )
        worker.exported.connect(self._on_exported)
        worker.failed.connect(self._on_failed)
        worker.crashed.connect(self._on_crashed)
        worker.ended.connect(self._on_ended)
        self._worker = worker
        self._host.start(worker)
        self.running_changed.emit(True)

    # The answer is kept until the thread has ended: whoever hears it may export again at once. Told before, the next
    # export met one that still went, and was refused, whenever the machine was busy between the two.

    @Slot(object)
    def _on_exported(self, paths: tuple[Path, ...]) -> None:
        self._answer = paths

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._answer = failure

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self._answer = crash.as_failure()

    @Slot()
    def _on_ended(self) -> None:
        answer, self._worker, self._answer = self._answer, None, None
        self.running_changed.emit(False)
        if isinstance(answer, Failure):
            self.failed.emit(answer)
        elif answer is not None:
            self.exported.emit(answer)
