"""What the studio takes of the machine while a model learns: processor, memory, graphics card, once a second."""

from __future__ import annotations

import psutil
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.gpu_load import GpuLoad, gpu_load

_LOOK_MS = 1000


class LoadLabel(Label):
    """`CPU 148 % of 200 %, 640 MB of 23 GB, no GPU`; looks only while it can be seen.

    Args:
        parent: Its owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(size="small", role="muted")
        if parent is not None:
            self.setParent(parent)
        self.setToolTip(
            "What the studio takes of this machine: 100 % is one core; pausing gives the cores back. The graphics card "
            "is asked only while the run computes on it."
        )
        self._device = ""
        self._process = psutil.Process()
        self._cores = psutil.cpu_count() or 1
        self._total_bytes = psutil.virtual_memory().total
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def set_device(self, device: str) -> None:
        """What the run computes on: `cpu` or `cuda:0`; empty while unknown."""
        self._device = device

    @Slot()
    def look(self) -> None:
        """Say how it is now."""
        # The first answer of all is 0: it is the share since the last question.
        share, memory = self._process.cpu_percent(), self._process.memory_info().rss
        words = f"CPU {share:.0f} % of {100 * self._cores} %, {_bytes(memory)} of {_bytes(self._total_bytes)}"
        self.setText(f"{words}, {gpu_words(self._device, gpu_load(self._device))}" if self._device else words)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to look."""
        super().showEvent(event)
        self._process.cpu_percent()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._timer.stop()


def gpu_words(device: str, load: GpuLoad | None) -> str:
    """`GPU 82 %, 3.1 GB of 24.0 GB`; plainly said where the run uses none, or the card does not tell."""
    if load is None:
        return f"{device}: no readings" if device.startswith("cuda") else "no GPU"
    busy = "" if load.busy_percent is None else f" {load.busy_percent} %"
    return f"GPU{busy}, {_bytes(load.used_bytes)} of {_bytes(load.total_bytes)}"


def _bytes(count: float) -> str:
    return f"{count / 2**30:,.1f} GB" if count >= 2**30 else f"{count / 2**20:,.0f} MB"
