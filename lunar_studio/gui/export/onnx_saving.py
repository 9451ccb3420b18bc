"""“Save Drawing Network as ONNX…”: asks where, has it written, tells what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from lunar_studio.core.events import Failure
from lunar_studio.workers.onnx_service import OnnxService

SUFFIX = ".onnx"


class OnnxSaving(QObject):
    """The way from the menu to the file.

    Args:
        service: Writes.
        window: Over which the file dialogue stands; owns this.
        model: Says which model file is open; None for the bundled model.
        folder: That is suggested.

    Attributes:
        said: What there is to tell: message, hint, kind (`good` or `bad`), for the window's banner.
        stated: What is going on, for the status line.
    """

    said = Signal(str, str, str)
    stated = Signal(str)

    def __init__(self, service: OnnxService, window: QWidget, model: Callable[[], Path | None], folder: Path) -> None:
        super().__init__(window)
        self._service = service
        self._window = window
        self._model = model
        self._folder = folder
        service.saved.connect(self._on_saved)
        service.failed.connect(self._on_failed)

    def ask(self) -> None:
        """Let the artist choose the file, then write it."""
        if self._service.is_running:
            self.said.emit("An ONNX file is being written already.", "Wait until it is done; it takes seconds.", "warn")
            return
        model = self._model()
        name = f"{model.parent.name if model.stem == 'model' else model.stem}" if model is not None else "model"
        start = str(self._folder / f"{name}{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Save Drawing Network as ONNX", start, f"ONNX (*{SUFFIX})"
        )
        if chosen:
            self.save(Path(chosen))

    def save(self, destination: Path) -> None:
        """Write the drawing half of the open model to a file; `.onnx` is added where the name has no ending."""
        path = destination if destination.suffix else destination.with_suffix(SUFFIX)
        self.stated.emit("Saving the drawing network…")
        self._service.save(self._model(), path)

    @Slot(object)
    def _on_saved(self, path: Path) -> None:
        self.stated.emit("Ready")
        self.said.emit(f"The drawing network is saved as {path.name}.", f"In {path.parent}", "good")

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.stated.emit("Ready")
        self.said.emit(failure.message, failure.hint, "bad")
