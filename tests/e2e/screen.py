"""A virtual screen of a given size whose pixels can be read, for tests of the real window and for its pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import U8

Rect = tuple[int, int, int, int]
"""x, y, width and height in device pixels of the screen."""

_START_LIMIT_S = 20.0


def missing_programs() -> list[str]:
    """Names of the programs that a robot needs and that are not installed."""
    return [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]


class Screen:
    """A running X server without a monitor.

    Args:
        display: Its name, such as `:7`.
        frame_buffer: The file it keeps its pixels in, as an X window dump.

    Attributes:
        display: Its name.
    """

    def __init__(self, display: str, frame_buffer: Path) -> None:
        self.display = display
        self._frame_buffer = frame_buffer

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that shall open its windows here, and know nothing of the desktop around."""
        strange = ("QT_", "WAYLAND_", "XDG_CURRENT_DESKTOP", "DBUS_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
        # Without a bus: Qt would start one for each screen, and follow the theme and the dialogs of whoever runs this.
        alone = {"DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        return kept | alone | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}

    def picture(self, area: Rect | None = None) -> U8:
        """The pixels that are on the screen now.

        Args:
            area: What to return; everything for None.

        Returns:
            uint8 (height, width, 3), red first.
        """
        dump = np.memmap(self._frame_buffer, np.uint8, mode="r")
        # The header of an X window dump: 25 numbers of 4 bytes, big end first; after it the colour map, then rows.
        header = dump[:100].view(">u4")
        size, height, stride, colours = (int(header[index]) for index in (0, 5, 12, 19))
        start = size + 12 * colours
        rows = np.array(dump[start : start + height * stride]).reshape(height, stride // 4, 4)
        x, y, width, rows_wanted = area or (0, 0, int(header[4]), height)
        return np.ascontiguousarray(rows[y : y + rows_wanted, x : x + width, 2::-1])


@contextmanager
def virtual_screen(width: int, height: int) -> Iterator[Screen]:
    """Start an X server, and end it with everything that is still open on it.

    Raises:
        RuntimeError: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="studio-screen-") as folder:
        read_end, write_end = os.pipe()
        size = f"{width}x{height}x24"
        steady = ("-nolisten", "tcp", "-ardelay", "60000")  # else a busy machine types letters twice
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size, *steady, "-fbdir", folder]
        with subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL) as server:
            os.close(write_end)
            try:
                with os.fdopen(read_end) as pipe:
                    number = pipe.readline().strip()
                frame_buffer = Path(folder) / "Xvfb_screen0"
                deadline = time.monotonic() + _START_LIMIT_S
                while not frame_buffer.exists() and time.monotonic() < deadline:
                    time.sleep(0.02)
                if not number or not frame_buffer.exists():
                    raise RuntimeError("Xvfb did not start")
                yield Screen(f":{number}", frame_buffer)
            finally:
                server.terminate()
