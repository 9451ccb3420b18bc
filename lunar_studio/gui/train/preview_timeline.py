"""Previews of a run with a slider over all that were kept: the same sprites and the same latents through time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from lunar_studio.core.events import PreviewReady
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.preview_strip import PreviewStrip
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.preview_store import list_previews, read_preview


class PreviewTimeline(QWidget):
    """The strip, and a slider that looks back; at its right end it follows the run.

    Args:
        parent: Its owner.

    Attributes:
        strip: The pictures.
        slider: One notch for each preview that was kept.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview-timeline")
        self.strip = PreviewStrip()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self._run: Path | None = None
        self._steps: list[int] = []
        self._label = Label(size="small", role="muted")
        self.slider.setAccessibleName("Look back over the run")
        self.slider.setToolTip("Look back: the same sprites and the same random numbers, as the run learned.")
        self.slider.valueChanged.connect(self._on_moved)
        self._label.setMinimumWidth(26 * SPACE_PX)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(Label("Look back", size="small", role="muted"))
        row.addWidget(self.slider, 1)
        row.addWidget(self._label)
        self._row.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self.strip, 1)
        column.addWidget(self._row)

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps that can be looked at, rising."""
        return tuple(self._steps)

    def open(self, run: Path) -> None:
        """Show the previews that a run's folder holds, the newest first."""
        self._run = run
        self.strip.clear()
        self._show_steps(follow=True)
        if self._steps and (kept := read_preview(run, self._steps[-1])) is not None:
            self.strip.show_preview(kept)

    def add(self, event: PreviewReady) -> None:
        """The run has made a newer preview; whoever looks back goes on looking at what she sees."""
        was_following = self.is_following
        at = self._at
        self._show_steps(follow=was_following)
        if was_following or not self._steps:
            self.strip.show_preview(event)
        elif at is not None:
            nearest = min(range(len(self._steps)), key=lambda row: abs(self._steps[row] - at))
            with QSignalBlocker(self.slider):
                self.slider.setValue(nearest)

    @property
    def is_following(self) -> bool:
        """Whether the newest preview is shown, and the next one will be."""
        return self.slider.value() >= self.slider.maximum()

    @property
    def _at(self) -> int | None:
        row = self.slider.value()
        return self._steps[row] if row < len(self._steps) else None

    def _show_steps(self, *, follow: bool) -> None:
        self._steps = [] if self._run is None else list_previews(self._run)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, len(self._steps) - 1))
            if follow:
                self.slider.setValue(self.slider.maximum())
        self._row.setVisible(len(self._steps) > 1)
        self._name()

    def _name(self) -> None:
        at = self._at
        self._label.setText("" if at is None else f"step {at:,}" + (" (newest)" if self.is_following else ""))

    @Slot(int)
    def _on_moved(self, row: int) -> None:
        self._name()
        if self._run is not None and row < len(self._steps):
            kept = read_preview(self._run, self._steps[row])
            if kept is not None:
                self.strip.show_preview(kept)
