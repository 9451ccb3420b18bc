"""How long from the command to a window on the screen, and to the first sprite.

Run as `python -m tests.bench.startup`. The real program is started on a virtual screen several times, each time with
folders of its own, so that no start remembers another; one start before the first warms the disk. `mapped` is when
the X server is told to show the window, `painted` when its first frame has been drawn, `first sprite` when a sprite
of the bundled model has been painted on the canvas. Python keeps what it has compiled, as it does for an artist, also
where the environment of whoever measures forbids it (half a second of every start went there once). Beside them stands
the time Python needs to start and import torch and Qt's widgets, without anything of ours: on a busy machine all are
slow, and ratios still tell.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import Spread, machine_facts, machine_sentence, markdown, plain
from tests.e2e.robot import robot_at_studio
from tests.e2e.screen import Screen, missing_programs, virtual_screen

GOAL_PAINTED_S = 1.0
GOAL_SPRITE_S = 4.0
_LIMIT_S = 180.0
_MAP_NOTIFY = 19
_SUBSTRUCTURE_NOTIFY = 1 << 19


class MapWatch:
    """Hears from the X server when the first window on a screen is mapped; from libX11, event by event.

    Args:
        display: Of the screen.

    Raises:
        RuntimeError: There is no libX11, or no such screen.
    """

    def __init__(self, display: str) -> None:
        name = ctypes.util.find_library("X11")
        if name is None:
            raise RuntimeError("libX11 is not installed")
        self._x = ctypes.CDLL(name)
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(display.encode()))
        if not self._display.value:
            raise RuntimeError(f"there is no screen {display}")
        root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))
        self._x.XSelectInput(self._display, root, ctypes.c_long(_SUBSTRUCTURE_NOTIFY))
        self._x.XSync(self._display, 0)

    def mapped_at_s(self, limit_s: float) -> float:
        """Wait for a window to be mapped; returns when, in seconds since 1970.

        Raises:
            TimeoutError: None was.
        """
        event = (ctypes.c_long * 24)()
        kind = ctypes.cast(event, ctypes.POINTER(ctypes.c_int))
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            while self._x.XPending(self._display):
                self._x.XNextEvent(self._display, ctypes.byref(event))
                if kind[0] == _MAP_NOTIFY:
                    return time.time()
            time.sleep(0.002)
        raise TimeoutError("no window was mapped")

    def close(self) -> None:
        """Hang up."""
        self._x.XCloseDisplay(self._display)


def start_once(screen: Screen, folder: Path) -> dict[str, float]:
    """One start; seconds from the command to each moment."""
    watch = MapWatch(screen.display)
    try:
        with robot_at_studio(screen, folder) as robot:
            mapped = watch.mapped_at_s(_LIMIT_S)
            seen = robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments, _LIMIT_S)
            moments = {"mapped": mapped, **seen.moments}
            return {name: moment - robot.launched_at_s for name, moment in moments.items()}
    finally:
        watch.close()


def imports_alone() -> float:
    """Seconds for Python to start and import what nobody can do without: Qt's widgets and torch."""
    begun_s = time.perf_counter()
    command = [sys.executable, "-c", "import PySide6.QtWidgets, torch"]
    subprocess.run(command, check=True, env=dict(os.environ), timeout=_LIMIT_S)
    return time.perf_counter() - begun_s


def measure(starts: int) -> dict[str, object]:
    """Everything, as one document."""
    facts = machine_facts()
    times: list[dict[str, float]] = []
    alone: list[float] = []
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name, virtual_screen(1920, 1080) as screen:
        for number in range(starts + 1):
            told = start_once(screen, Path(name) / str(number))
            baseline = imports_alone()
            if number:  # the first one warms the disk
                times.append(told)
                alone.append(baseline)
    spreads = {
        moment: Spread.of([one[moment] * 1000 for one in times]) for moment in ("mapped", "painted", "first_sprite")
    }
    bare = Spread.of([seconds * 1000 for seconds in alone])
    return {
        "machine": facts,
        "starts": starts,
        **{f"{moment}_ms": spread for moment, spread in spreads.items()},
        "imports_alone_ms": bare,
        "first_sprite_over_imports": round(spreads["first_sprite"].p50 / bare.p50, 2),
        "goals_s": {"painted": GOAL_PAINTED_S, "first_sprite": GOAL_SPRITE_S},
    }


def tables(result: dict[str, object]) -> str:
    """The document as Markdown."""
    rows = [
        ("command to the window mapped", result["mapped_ms"]),
        ("command to the first frame painted (goal 1 s)", result["painted_ms"]),
        ("command to the first sprite (goal 4 s)", result["first_sprite_ms"]),
        ("Python, Qt's widgets and torch imported, nothing else", result["imports_alone_ms"]),
    ]
    cells = []
    for name, spread in rows:
        assert isinstance(spread, Spread)
        cells.append([name, str(spread.count), f"{spread.p50 / 1000:.2f}", f"{spread.longest / 1000:.2f}"])
    facts = result["machine"]
    assert isinstance(facts, dict)
    ratio = f"First sprite over imports alone: {result['first_sprite_over_imports']} at p50."
    return f"{machine_sentence(facts)}.\n\n{markdown(['start', 'n', 'p50 s', 'longest s'], cells)}\n\n{ratio}"


def main() -> int:
    """Measure and print; 1 where the programs for a virtual screen are missing."""
    parser = argparse.ArgumentParser(description="Command to window, command to first sprite.")
    parser.add_argument("--starts", type=int, default=5, help="how often the studio is started")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    arguments = parser.parse_args()
    if missing := missing_programs():
        print(f"This needs {' and '.join(missing)} (packaging/debian-packages.txt).", file=sys.stderr)
        return 1
    result = measure(arguments.starts)
    print(json.dumps(result, default=plain, indent=2) if arguments.json else tables(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
