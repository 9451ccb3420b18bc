"""How long a touch of the pencil takes until it is painted on the canvas: `python -m tests.bench.painting`.

The real studio with the bundled model. Each touch is one pixel of a stroke: the mouse event is handed to the canvas,
and the clock stops when the canvas has been painted with it. Sixty frames a second leave 16.7 ms for that. Wall-clock
time says what an artist sees; processor time of this thread says what our code costs, also on a machine that is busy.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from lunar_studio import app as composition
from lunar_studio import paths
from lunar_studio.gui.explore.canvas import Canvas
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown, plain
from tests.bench.hand import Wait
from tests.bench.window import open_studio

_STROKE = 30
_BETWEEN_MS = 8


def touches(canvas: Canvas, count: int) -> tuple[Spread, Spread]:
    """Wall-clock and processor time of touches, in strokes of thirty pixels."""
    wall_ms, own_ms = [], []
    for number in range(count):
        kind = QEvent.Type.MouseButtonPress if number % _STROKE == 0 else QEvent.Type.MouseMove
        begun_s, begun_own_s = time.perf_counter(), time.thread_time()
        _send(canvas, kind, number)
        canvas.repaint()
        wall_ms.append((time.perf_counter() - begun_s) * 1000)
        own_ms.append((time.thread_time() - begun_own_s) * 1000)
        if number % _STROKE == _STROKE - 1:
            _send(canvas, QEvent.Type.MouseButtonRelease, number)
        Wait().for_ms(_BETWEEN_MS)
    return Spread.of(wall_ms), Spread.of(own_ms)


def _send(canvas: Canvas, kind: QEvent.Type, number: int) -> None:
    area, zoom = canvas.sprite_rect(), canvas.zoom
    side = area.width() // zoom
    x, y = number % side, (number // side * 3 + number % 2) % side
    ratio = canvas.devicePixelRatioF()
    place = QPointF((area.x() + (x + 0.5) * zoom) / ratio, (area.y() + (y + 0.5) * zoom) / ratio)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, place, canvas.mapToGlobal(place), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def main() -> int:
    """Paint, and print a table; 0 always."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--touches", type=int, default=600, help="pixels to paint (default: 600)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as home:
        os.environ[paths.HOME_VARIABLE] = home
        app = composition._application()
        studio, _ = open_studio(app)
        studio.window.actions_by_id["tool-pencil"].trigger()
        wall, own = touches(studio.window.explore.canvas, arguments.touches)
        studio.window.close()
        stalled = studio.shut_down()
    facts = machine_facts()
    if arguments.json:
        print(json.dumps({"machine": facts, "wall": wall, "processor": own, "stalled": stalled}, default=plain))
    else:
        rows = [["touch to painted canvas, wall clock", *wall.row], ["the same, processor time", *own.row]]
        print(f"{machine_sentence(facts)}\n\n{markdown(['', *SPREAD_HEADS], rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
