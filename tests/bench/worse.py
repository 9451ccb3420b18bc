"""Ten ways in which an artist's hand, or a program on its way, makes a good sprite worse.

Half of them are small enough for a mouse: a robot paints and erases them in the window, in the sprite's own colours.
The others come as pictures. Each way harms a part and leaves the rest; None says that a sprite has no place for it: a
gap needs an outline, a cushion a body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.pixels.damage import damage
from lunar_studio.pixels.lint.shading import depths
from lunar_studio.pixels.lint.subject import AROUND, Bool, inside, neighbours
from lunar_studio.pixels.oklab import from_oklab, to_oklab
from tests.bench.lint_faults import jag, pillow

Harm = Callable[[U8, np.random.Generator, U8], "U8 | None"]
"""Takes a sprite, where chance comes from, and another sprite; gives a worse copy."""

MOST_SWATCHES = 20
"""The mouse takes colours from the swatches below the canvas, of which so many are surely in view."""

_FLAT, _FAR = 0.06, 0.3  # OKLab: how alike an area must be, and how far off a speck in it


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        id: A short name.
        said: What was done, in a few words.
        by_mouse: Whether a mouse can do it pixel by pixel.
        rules: Lint rules that should notice; none where lint has no word for it.
        harm: Does it.
    """

    id: str
    said: str
    by_mouse: bool
    rules: tuple[str, ...]
    harm: Harm


def _own_colours(rgba_HWC: U8) -> U8:
    """The sprite's opaque colours, the most used first, as many as there are swatches for; (N, 4)."""
    found, counts = np.unique(rgba_HWC[rgba_HWC[..., 3] == 255], axis=0, return_counts=True)
    ordered: U8 = found[np.argsort(-counts, kind="stable")][:MOST_SWATCHES]
    return ordered


def _apart(places: npt.NDArray[np.int64], width: int, count: int, least_px: int) -> list[tuple[int, int]]:
    """The first places (row, column) that keep a distance from each other."""
    kept: list[tuple[int, int]] = []
    for row, column in (divmod(int(place), width) for place in places):
        if all(max(abs(row - y), abs(column - x)) >= least_px for y, x in kept):
            kept.append((row, column))
        if len(kept) == count:
            break
    return kept


def specks(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """Five single pixels in calm areas, each in another colour of the sprite that does not belong there."""
    opaque_HW, lab_HWC = rgba_HWC[..., 3] == 255, to_oklab(rgba_HWC[..., :3])
    calm_HW = inside(opaque_HW)
    for down, right in AROUND:
        calm_HW &= neighbours(opaque_HW, down, right).astype(np.bool_)
        other_HWC = np.stack([neighbours(lab_HWC[..., c], down, right) for c in range(3)], axis=-1)
        calm_HW &= ((other_HWC - lab_HWC) ** 2).sum(axis=-1) < _FLAT**2
    spots = _apart(rng.permutation(np.flatnonzero(calm_HW)), rgba_HWC.shape[1], 5, 2)
    colours, harmed_HWC, used = _own_colours(rgba_HWC), rgba_HWC.copy(), set[int]()
    lab_NC = to_oklab(colours[:, :3])
    done = 0
    for row, column in spots:
        far_N = ((lab_NC - lab_HWC[row, column]) ** 2).sum(axis=1)
        fitting = [at for at in np.argsort(-far_N).tolist() if far_N[at] > _FAR**2 and at not in used]
        if fitting:
            used.add(fitting[0])
            harmed_HWC[row, column] = colours[fitting[0]]
            done += 1
    return harmed_HWC if done >= 3 else None


def strays(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """Four single pixels away from the sprite."""
    visible_HW = rgba_HWC[..., 3] > 0
    near_HW = visible_HW.copy()
    for _ in range(2):
        for down, right in AROUND[:]:
            near_HW = near_HW | neighbours(near_HW, down, right).astype(np.bool_)
    spots = _apart(rng.permutation(np.flatnonzero(~near_HW)), rgba_HWC.shape[1], 4, 4)
    colours = _own_colours(rgba_HWC)
    if len(spots) < 4 or len(colours) < 4:
        return None
    harmed_HWC = rgba_HWC.copy()
    for (row, column), colour in zip(spots, rng.permutation(colours)[:4], strict=True):
        harmed_HWC[row, column] = colour
    return harmed_HWC


def gaps(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """Five bites of two by two pixels out of the outline."""
    visible_HW = rgba_HWC[..., 3] > 0
    rim_HW = visible_HW & ~inside(visible_HW)
    rim_HW[[0, -1]] = rim_HW[:, [0, -1]] = False
    spots = _apart(rng.permutation(np.flatnonzero(rim_HW)), rgba_HWC.shape[1], 5, 5)
    if len(spots) < 5:
        return None
    harmed_HWC = rgba_HWC.copy()
    for row, column in spots:
        harmed_HWC[row : row + 2, column : column + 2] = 0
    return harmed_HWC


def hole(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """A hole of four by four pixels in the body."""
    body = np.flatnonzero(depths(rgba_HWC[..., 3] > 0) >= 4)
    if not len(body):
        return None
    row, column = divmod(int(rng.choice(body)), rgba_HWC.shape[1])
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[row - 2 : row + 2, column - 2 : column + 2] = 0
    return harmed_HWC


def ragged(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """Up to three steps of clean lines come too early."""
    harmed_HWC, done = rgba_HWC, 0
    for _ in range(3):
        made = jag(harmed_HWC, rng)
        if made is not None and _paintable(rgba_HWC, made):
            harmed_HWC, done = made, done + 1
    return harmed_HWC if done >= 2 else None


def clash(rgba_HWC: U8, _rng: np.random.Generator, _donor: U8) -> U8 | None:
    """Twelve by ten pixels of the middle in colours of the other side of the wheel, and garish."""
    rows, columns = np.nonzero(rgba_HWC[..., 3] == 255)
    if not len(rows):
        return None
    row, column = int(np.median(rows)), int(np.median(columns))
    chosen_HW = np.zeros(rgba_HWC.shape[:2], np.bool_)
    chosen_HW[max(0, row - 5) : row + 5, max(0, column - 6) : column + 6] = True
    chosen_HW &= rgba_HWC[..., 3] == 255
    lab_N3 = to_oklab(rgba_HWC[chosen_HW][:, :3])
    hue_N = np.arctan2(lab_N3[:, 2], lab_N3[:, 1]) + np.pi * 2 / 3
    strong_N = np.maximum(0.18, np.hypot(lab_N3[:, 1], lab_N3[:, 2]))
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[chosen_HW, :3] = from_oklab(
        np.stack([lab_N3[:, 0], strong_N * np.cos(hue_N), strong_N * np.sin(hue_N)], axis=-1)
    )
    return harmed_HWC


def soft_edges(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """The edge smoothed, as by a brush that is not made for pixels."""
    return None if (rgba_HWC[..., 3] > 0).all() else damage(rgba_HWC, "soft-edges", 0.6, rng)


def smudge(rgba_HWC: U8, _rng: np.random.Generator, _donor: U8) -> U8 | None:
    """The right half of the inside blurred, three pixels wide."""
    inner_HW = inside(rgba_HWC[..., 3] == 255)
    inner_HW[:, : rgba_HWC.shape[1] // 2] = False
    total_HWC, count_HW = np.zeros((*rgba_HWC.shape[:2], 3)), np.zeros(rgba_HWC.shape[:2])
    for down, right in (*AROUND, (0, 0)):
        seen_HW = neighbours(rgba_HWC[..., 3], down, right) == 255
        near_HWC = np.stack([neighbours(rgba_HWC[..., c], down, right) for c in range(3)], axis=-1)
        total_HWC += near_HWC * seen_HW[..., None]
        count_HW += seen_HW
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[inner_HW, :3] = (total_HWC[inner_HW] / count_HW[inner_HW][:, None]).round()
    return harmed_HWC if inner_HW.sum() >= 60 else None


def cushion(rgba_HWC: U8, rng: np.random.Generator, _donor: U8) -> U8 | None:
    """The body shaded from the outline inwards, in its own colours."""
    return pillow(rgba_HWC, rng)


def pasted(rgba_HWC: U8, _rng: np.random.Generator, donor_HWC: U8) -> U8 | None:
    """Ten by ten pixels of another sprite over the middle."""
    rows, columns = np.nonzero(rgba_HWC[..., 3] > 0)
    row, column = (int(np.median(at)) - 5 for at in (rows, columns))
    there = slice(max(0, row), row + 10), slice(max(0, column), column + 10)
    patch_HWC = donor_HWC[there]
    if (patch_HWC[..., 3] == 255).mean() < 0.8:
        return None
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[there] = np.where(patch_HWC[..., 3:] > 0, patch_HWC, harmed_HWC[there])
    return harmed_HWC


def _paintable(before_HWC: U8, after_HWC: U8) -> bool:
    """Whether all that differs is transparent or a colour that has a swatch."""
    changed_N4 = after_HWC[(before_HWC != after_HWC).any(axis=2)]
    own = {tuple(one) for one in _own_colours(before_HWC).tolist()}
    return all(one[3] == 0 or tuple(one) in own for one in changed_N4.tolist())


WAYS = (
    Way("specks", "five specks in calm areas", True, ("orphan-pixel",), specks),
    Way("strays", "four loose pixels around it", True, ("orphan-pixel",), strays),
    Way("gaps", "five bites out of the outline", True, (), gaps),
    Way("hole", "a hole in the body", True, (), hole),
    Way("ragged", "steps of its lines broken", True, ("jaggies",), ragged),
    Way("clash", "a patch in garish colours", False, (), clash),
    Way("soft edges", "a soft brush along the edge", False, ("half-transparent",), soft_edges),
    Way("smudge", "right half smudged", False, (), smudge),
    Way("cushion", "shaded like a pillow", False, ("pillow-shading",), cushion),
    Way("pasted", "a piece of another sprite in it", False, (), pasted),
)
"""Every way, in the order of the table in docs/critic.md."""


def touched(before_HWC: U8, after_HWC: U8) -> Bool:
    """Which pixels a way changed."""
    differs_HW: Bool = (before_HWC != after_HWC).any(axis=2)
    return differs_HW
