"""Previews of a run kept as small pictures in its folder, so that one can look back at how it learned.

Qt-free. One PNG for each preview: three rows of sprites (held out, their copies, invented) side by side. When there
are too many, the one with the nearest neighbours goes; what is left stays spread over the run. What lies in the folder
is hostile: sizes are bounded, and what is no preview is passed over.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.events import PreviewReady
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import LunarError

FOLDER = "previews"
MOST = 160
_ROWS = 3
_MOST_LISTED = 2000
_MAX_SIDE_PX = 512
_MAX_BYTES = 4 * 2**20
_NAME = re.compile(r"step-(\d{9})\.png")


def keep_preview(run_dir: Path, event: PreviewReady) -> None:
    """Write a preview into a run's folder; where that cannot be done the run goes on without it.

    Previews of later steps are removed first: the run has gone back.
    """
    from lunar_studio.pixels.files import encode_png

    folder = run_dir / FOLDER
    rows = [_row(one) for one in (event.originals_NHWC, event.reconstructions_NHWC, event.samples_NHWC)]
    width = max(row.shape[1] for row in rows)
    side = rows[0].shape[0]
    if not 0 < side <= _MAX_SIDE_PX:
        return
    strip = np.zeros((_ROWS * side, width, 4), np.uint8)
    for index, row in enumerate(rows):
        strip[index * side : (index + 1) * side, : row.shape[1]] = row
    target = folder / f"step-{event.step:09d}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = list_previews(run_dir)
        for step in [step for step in kept if step > event.step]:
            (folder / f"step-{step:09d}.png").unlink(missing_ok=True)
        kept = [step for step in kept if step < event.step]
        for step in _too_close([*kept, event.step]):
            (folder / f"step-{step:09d}.png").unlink(missing_ok=True)
        temporary = folder / ".preview.png"
        temporary.write_bytes(encode_png(Sprite(strip)))
        temporary.replace(target)
    except OSError:
        return  # the run's own files come first; it says itself when the disk is full


def list_previews(run_dir: Path) -> list[int]:
    """Steps of the previews that a run's folder holds, rising."""
    try:
        with os.scandir(run_dir / FOLDER) as found:
            names = [entry.name for entry, _ in zip(found, range(_MOST_LISTED), strict=False)]
    except OSError:
        return []
    return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))


def read_preview(run_dir: Path, step: int) -> PreviewReady | None:
    """The preview after a step; None where there is none that can be read."""
    from lunar_studio.pixels.files import read_bytes, read_sprites

    path = run_dir / FOLDER / f"step-{step:09d}.png"
    try:
        strip = read_sprites(read_bytes(path, limit=_MAX_BYTES), name=path.name)[0].rgba_HWC
    except LunarError:
        return None
    side = strip.shape[0] // _ROWS
    if strip.shape[0] != _ROWS * side or strip.shape[1] % max(side, 1) or not 0 < side <= _MAX_SIDE_PX:
        return None
    rows = [_cut(strip[index * side : (index + 1) * side], side) for index in range(_ROWS)]
    return PreviewReady(step, *rows)


def _too_close(steps: list[int]) -> list[int]:
    """What to remove of rising steps so that at most `MOST` are left: each time the one with the nearest neighbours."""
    removed = []
    left = list(steps)
    while len(left) > max(2, MOST):
        row = min(range(1, len(left) - 1), key=lambda at: left[at + 1] - left[at - 1])
        removed.append(left.pop(row))
    return removed


def _row(sprites_NHWC: U8) -> U8:
    """uint8 (side, N * side, 4)."""
    count, height, width, channels = sprites_NHWC.shape
    row: U8 = sprites_NHWC.transpose(1, 0, 2, 3).reshape(height, count * width, channels)
    return row


def _cut(row: U8, side: int) -> U8:
    """Sprites of a row, (N, side, side, 4); empty ones at its end are padding."""
    sprites: U8 = np.ascontiguousarray(row.reshape(side, -1, side, 4).transpose(1, 0, 2, 3))
    count = len(sprites)
    while count > 1 and not sprites[count - 1].any():
        count -= 1
    return sprites[:count]
