"""Faults put into finished sprites on purpose, one for each lint rule, to see which of them lint finds.

A fault gives None for a sprite that it cannot be put into: a jag needs a line, a soft edge an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.damage import damage
from lunar_studio.pixels.grid import enlarged
from lunar_studio.pixels.lint.contour import Run, lines
from lunar_studio.pixels.lint.jaggies import unevenness
from lunar_studio.pixels.lint.shading import depths
from lunar_studio.pixels.lint.subject import AROUND, Bool, neighbours
from lunar_studio.pixels.oklab import from_oklab, to_oklab

Fault = Callable[[U8, np.random.Generator], U8 | None]
_SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))


def _alone(visible_HW: Bool) -> Bool:
    near_HW = visible_HW.copy()
    for down, right in AROUND:
        near_HW |= neighbours(visible_HW, down, right).astype(np.bool_)
    return ~near_HW


def stray_pixel(rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    """One pixel of the sprite's own colours away from the rest."""
    visible_HW = rgba_HWC[..., 3] > 0
    room = np.flatnonzero(_alone(visible_HW))
    if not len(room) or not visible_HW.any():
        return None
    harmed_HWC = rgba_HWC.copy()
    colours = rgba_HWC[visible_HW]
    harmed_HWC.reshape(-1, 4)[rng.choice(room)] = colours[rng.integers(len(colours))]
    return harmed_HWC


def speck(rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    """One pixel of a strange colour in an area of one colour."""
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    flat_HW = rgba_HWC[..., 3] == 255
    for down, right in AROUND:
        flat_HW = flat_HW & (neighbours(packed_HW, down, right) == packed_HW)
    room = np.flatnonzero(flat_HW)
    if not len(room):
        return None
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC.reshape(-1, 4)[rng.choice(room), :3] ^= np.uint8(0x80)
    return harmed_HWC


def jag(rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    """A step of an even line comes one or two pixels too early, so that a run is far shorter than both beside it."""
    visible_HW = rgba_HWC[..., 3] > 0
    if visible_HW.all():
        return None
    choices = [
        (line[at], line[at + 1], shift)
        for line in lines(visible_HW)
        if unevenness([run.length for run in line]) <= 1
        for at in range(1, len(line) - 1)
        for shift in (1, 2)
        if 1 <= line[at].length - shift <= min(line[at - 1].length, line[at + 1].length + shift) - 2
    ]
    if not choices:
        return None
    run, following, shift = choices[int(rng.integers(len(choices)))]
    return _stepped_early(rgba_HWC, run, following, shift)


def _stepped_early(rgba_HWC: U8, run: Run, following: Run, shift: int) -> U8 | None:
    """The last pixels of a run join the run that follows: cleared where that lies further in, else filled up."""
    harmed_HWC = rgba_HWC.copy()
    outwards = _SIDES[(run.direction - 1) % 4]
    (x, y), (next_x, next_y) = run.pixels[-1], following.pixels[0]
    lies_out = (next_y - y) * outwards[0] + (next_x - x) * outwards[1] > 0
    for x, y in run.pixels[-shift:]:
        row, column = (y + outwards[0], x + outwards[1]) if lies_out else (y, x)
        if not (0 <= row < rgba_HWC.shape[0] and 0 <= column < rgba_HWC.shape[1]):
            return None
        harmed_HWC[row, column] = rgba_HWC[y, x] if lies_out else 0
    return harmed_HWC


def split_colours(rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    """Half of the pixels of three colours one value of one channel off, as after a colour conversion."""
    visible_HW = rgba_HWC[..., 3] > 0
    colours, counts = np.unique(rgba_HWC[visible_HW][:, :3], axis=0, return_counts=True)
    often = colours[np.argsort(-counts)][:3]
    if len(often) < 3 or np.sort(counts)[-3] < 2 or len(colours) > 40:
        return None
    harmed_HWC = rgba_HWC.copy()
    for colour in often:
        here = np.flatnonzero((rgba_HWC[..., :3] == colour).all(axis=2) & visible_HW)
        chosen = rng.permutation(here)[: max(1, len(here) // 2)]
        channel = int(rng.integers(3))
        harmed_HWC.reshape(-1, 4)[chosen, channel] = colour[channel] ^ 1
    return harmed_HWC


def bands(rgba_HWC: U8, _rng: np.random.Generator) -> U8 | None:
    """Three shades of its most frequent colour, each one pixel thick, all along the outline."""
    depth_HW = depths(rgba_HWC[..., 3] > 0)
    if depth_HW.max() < 6 or (rgba_HWC[..., 3] > 0).all():
        return None
    colours, counts = np.unique(rgba_HWC[depth_HW > 3][:, :3], axis=0, return_counts=True)
    lab_C = to_oklab(colours[counts.argmax()])
    harmed_HWC = rgba_HWC.copy()
    for ring in range(1, 5):
        shade_C = np.array([0.3 + 0.1 * ring, *(lab_C[1:] * 0.5)])
        harmed_HWC[depth_HW == ring if ring < 4 else depth_HW >= ring, :3] = from_oklab(shade_C)
    return harmed_HWC


def pillow(rgba_HWC: U8, _rng: np.random.Generator) -> U8 | None:
    """Its own colours, put in order of lightness from the outline to the middle."""
    visible_HW = rgba_HWC[..., 3] > 0
    depth_HW = depths(visible_HW)
    if depth_HW.max() < 5 or visible_HW.all():
        return None
    colours = rgba_HWC[visible_HW]
    by_light = colours[np.argsort(to_oklab(colours[:, :3])[:, 0], kind="stable")]
    # Each ring gets the middle of the colours that its pixels would have in that order.
    harmed_HWC, done = rgba_HWC.copy(), 0
    for ring in range(1, int(depth_HW.max()) + 1):
        here_HW = depth_HW == ring
        count = int(here_HW.sum())
        harmed_HWC[here_HW, :3] = by_light[done + count // 2, :3]
        done += count
    return harmed_HWC


def finer_detail(rgba_HWC: U8, _rng: np.random.Generator) -> U8 | None:
    """Drawn at half its size and doubled, but for a fifth of its rows, which stay fine."""
    height, width = (side // 2 * 2 for side in rgba_HWC.shape[:2])
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[:height, :width] = rgba_HWC[:height:2, :width:2].repeat(2, axis=0).repeat(2, axis=1)
    fine = slice(height * 2 // 5, height * 3 // 5)
    harmed_HWC[fine] = rgba_HWC[fine]
    return harmed_HWC


def doubled(rgba_HWC: U8, _rng: np.random.Generator) -> U8:
    """Enlarged by two."""
    return enlarged(Sprite(rgba_HWC), 2).rgba_HWC


def hidden_colour(rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    """A tenth of the transparent pixels get a colour."""
    clear = np.flatnonzero(rgba_HWC[..., 3] == 0)
    if not len(clear):
        return None
    harmed_HWC = rgba_HWC.copy()
    chosen = rng.permutation(clear)[: max(1, len(clear) // 10)]
    harmed_HWC.reshape(-1, 4)[chosen, :3] = rng.integers(1, 256, (len(chosen), 3), dtype=np.uint8)
    return harmed_HWC


def _damaged(family: str, severity: float, rgba_HWC: U8, rng: np.random.Generator) -> U8 | None:
    if family == "soft-edges" and (rgba_HWC[..., 3] > 0).all():
        return None
    return damage(rgba_HWC, family, severity, rng)


def _ladder(family: str) -> dict[str, Fault]:
    return {f"{family} {severity}": partial(_damaged, family, severity) for severity in (0.3, 0.6, 1.0)}


FAULTS: Mapping[str, Mapping[str, Fault]] = {
    "orphan-pixel": {"stray pixel": stray_pixel, "speck in one colour": speck, **_ladder("orphans")},
    "jaggies": {"a step too early": jag},
    "banding": {"three bands on the outline": bands},
    "pillow-shading": {"own colours by depth": pillow},
    "off-grid": {"enlarged by two": doubled, "doubled, a fifth fine": finer_detail, **_ladder("wrong-grid")},
    "too-many-colours": {**_ladder("palette-noise"), **_ladder("noise"), **_ladder("jpeg")},
    "near-duplicate-colours": {"three colours split": split_colours},
    "half-transparent": _ladder("soft-edges"),
    "phantom-pixel": {"hidden colour": hidden_colour},
}
"""By rule, the faults that it should find."""
