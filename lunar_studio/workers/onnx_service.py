"""The GUI's side of `export-onnx`: a model goes in, a file that other programs can draw with comes out.

The work is done by a process of its own, the studio's command line: tracing a network changes torch for the
whole process while it lasts, and here other threads decode and train.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Failure
from lunar_studio.errors import ExportError
from lunar_studio.workers.thread_host import Crash, ThreadHost, Worker

STUDIO = (sys.executable, "-m", "lunar_studio")
_POLL_S = 0.1


class OnnxWorker(Worker):
    """Runs one `export-onnx`.

    Attributes:
        saved: Emitted with the path written; not when it was asked to stop.
    """

    saved = Signal(object)

    def __init__(self, model: Path | None, destination: Path, command: Sequence[str]) -> None:
        super().__init__("saving the drawing network")
        which = [] if model is None else ["--model", str(model)]
        self._words = [*command, "export-onnx", "--out", str(destination), *which, "--json"]

    def work(self) -> None:
        """Run the command and tell what came of it.

        Raises:
            ExportError: It said that it could not, or could not be run.
        """
        # Our own program with arguments of our own; no shell reads them.
        try:
            process = subprocess.Popen(  # noqa: S603
                self._words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except OSError as exc:
            raise ExportError(
                f"The studio could not start itself to write the file: {exc.strerror or exc}.",
                hint="Restart the studio, or use `lunar-studio export-onnx` in a terminal.",
            ) from exc
        with process:
            try:
                output, complaint = self._output(process)
            except BaseException:
                process.kill()
                raise
        if self.should_stop():
            return
        if process.returncode:
            raise _failure(complaint)
        self.saved.emit(Path(json.loads(output)["file"]))

    def _output(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """What it wrote to stdout and stderr; it is ended when we are asked to stop."""
        while True:
            if self.should_stop():
                process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=_POLL_S)


def _failure(complaint: str) -> ExportError:
    """What the command line said: a sentence of what happened, then one of what to do."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if line.startswith("lunar-studio export-onnx: ")), None)
    if start is None:
        last = lines[-1][:300] if lines else "it said nothing"
        return ExportError(
            "The drawing network could not be saved as an ONNX file.", hint=f"The program that writes it ended: {last}"
        )
    message = lines[start].partition(": ")[2]
    return ExportError(message, hint=" ".join(lines[start + 1 :]) or "Try another file or another model.")


class OnnxService(QObject):
    """Writes one ONNX file at a time.

    Args:
        host: Runs and ends the threads.
        parent: The QObject that owns this one.
        command: How the studio's command line is started.

    Attributes:
        saved: Emitted with the path written.
        failed: Emitted with a `Failure`.
    """

    saved = Signal(object)
    failed = Signal(object)

    def __init__(self, host: ThreadHost, parent: QObject | None = None, *, command: Sequence[str] = STUDIO) -> None:
        super().__init__(parent)
        self._host = host
        self._command = tuple(command)
        self._worker: OnnxWorker | None = None

    @property
    def is_running(self) -> bool:
        """Whether a file is being written."""
        return self._worker is not None

    def save(self, model: Path | None, destination: Path) -> None:
        """Write the drawing half of a model, or of the bundled one for None; `saved` or `failed` answers.

        Raises:
            RuntimeError: A file is being written already.
        """
        if self._worker is not None:
            raise RuntimeError("an ONNX file is being written already")
        worker = OnnxWorker(model, destination, self._command)
        worker.saved.connect(self._on_saved)
        worker.failed.connect(self._on_failed)
        worker.crashed.connect(self._on_crashed)
        worker.ended.connect(self._on_ended)
        self._worker = worker
        self._host.start(worker)

    @Slot(object)
    def _on_saved(self, path: Path) -> None:
        self.saved.emit(path)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self.failed.emit(crash.as_failure())

    @Slot()
    def _on_ended(self) -> None:
        self._worker = None
