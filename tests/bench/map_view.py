"""How long a frame of the map takes: `.venv/bin/python -m tests.bench.map_view [--points 4096] [--frames 240]`.

A real window is dragged and zoomed over a map of drawn numbers with all thumbnails known; each frame is painted at once
and timed: the clock says what an artist sees, the processor's time what a frame costs also on a machine that is busy.
Where there is no display, run it under `xvfb-run`.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from PySide6.QtWidgets import QApplication

from lunar_studio.core.sprite import Sprite
from lunar_studio.core.sprite_map import FeatureSpace, SpriteMap
from lunar_studio.gui import theme
from lunar_studio.gui.explore.map_view import MapView
from lunar_studio.models.map_layout import rooms

_SIZE = (1000, 640)


def drawn_map(points: int) -> SpriteMap:
    """Clusters such as a layout has."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0.1, 0.9, (60, 2))
    places = (centres[rng.integers(60, size=points)] + rng.normal(0, 0.02, (points, 2))).clip(0, 1).astype(np.float32)
    latents = np.zeros((points, 4), np.float32)
    scores = rng.uniform(0, 100, points).astype(np.float32)
    density = rng.uniform(0, 1, points).astype(np.float32)
    space = FeatureSpace.of(latents, 0)
    near = np.zeros((points, 1), np.int32)
    names = tuple(f"kind{index % 9}/sprite_{index}.png" for index in range(points))
    return SpriteMap(
        "art", places, scores, density, rooms(places), near, latents, 4, space, space.features(latents), names
    )


def frames_ms(view: MapView, frames: int, *, zooming: bool) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Milliseconds of each frame: by the clock, and of the processor; shape (frames, 2)."""
    taken = []
    for frame in range(frames):
        if zooming:
            factor = 1.05 if frame % 120 < 60 else 1 / 1.05
            view.camera = view.camera.zoomed(factor, view.width() * 0.4, view.height() * 0.6)
        else:
            view.camera = view.camera.panned(4.0 if frame % 80 < 40 else -4.0, 2.0)
        begun = time.perf_counter(), time.thread_time()
        view.repaint()
        taken.append([(time.perf_counter() - begun[0]) * 1000, (time.thread_time() - begun[1]) * 1000])
        QApplication.processEvents()
    return np.array(taken)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Frames of the map.")
    parser.add_argument("--points", type=int, default=4096)
    parser.add_argument("--frames", type=int, default=240)
    chosen = parser.parse_args()
    app = QApplication([])
    theme.apply(app, theme.DARK)
    view = MapView()
    view.resize(*_SIZE)
    view.show()
    view.show_map(drawn_map(chosen.points))
    rng = np.random.default_rng(1)
    for index in range(chosen.points):
        view.thumbs.add(index, Sprite(rng.integers(0, 256, (32, 32, 4), np.uint8)))
    print(f"{chosen.points:,} points, {_SIZE[0]} × {_SIZE[1]} pixels, platform {app.platformName()}")
    for title, zoom, zooming in (("pan, whole map", 1.0, False), ("pan, near", 5.0, False), ("zoom", 1.0, True)):
        view.fit()
        view.zoom_by(zoom)
        frames_ms(view, 20, zooming=zooming)
        taken = frames_ms(view, chosen.frames, zooming=zooming)
        for column, clock in enumerate(("clock", "processor")):
            p50, p95, p99 = np.percentile(taken[:, column], [50, 95, 99])
            print(f"{title:15} {clock:9} p50 {p50:5.1f} ms   p95 {p95:5.1f} ms   p99 {p99:5.1f} ms")


if __name__ == "__main__":
    main()
