"""Too many colours, and colours that nobody can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint.subject import Bool, Subject, places
from lunar_studio.pixels.oklab import to_oklab
from lunar_studio.pixels.palette import mapped, reduced_palette

TOO_MANY = "too-many-colours"
NEAR = "near-duplicate-colours"
REDUCED_COLOURS = 32
"""What too many colours are reduced to."""

_MOST_COLOURS = 700
_FEWEST_COLOURS = 64
_COLOUR_SHARE = 0.62
# OKLab; about a third of what the eye tells apart side by side. Near black it makes much of little, so colours that
# differ by one value of 255 are near wherever they lie.
_NEAR_DISTANCE = 0.006
_NEAR_VALUES = 1
_NEAR_PAIRS = 3
_NEAR_PALETTE = 48


def too_many_colours(subject: Subject) -> Iterator[LintFinding]:
    """More colours than anyone places by hand: most pixels have one of their own."""
    colours, visible = len(subject.colours_N), subject.visible_count
    if colours > _MOST_COLOURS or (colours > _FEWEST_COLOURS and colours > _COLOUR_SHARE * visible):
        yield LintFinding(
            TOO_MANY,
            f"{colours:,} colours on {visible:,} pixels: more than anyone places by hand; reduce the palette.",
            "warning",
            (),
            min(1.0, colours / visible),
            f"Reduce to {REDUCED_COLOURS} colours",
        )


def with_fewer_colours(sprite: Sprite) -> Sprite:
    """The sprite in `REDUCED_COLOURS` of its colours."""
    return mapped(sprite, reduced_palette(sprite, REDUCED_COLOURS))


def near_duplicates(subject: Subject) -> Iterator[LintFinding]:
    """Several pairs of colours that cannot be told apart, in a palette small enough to have been chosen."""
    colours_N = subject.colours_N
    if not 2 <= len(colours_N) <= _NEAR_PALETTE:
        return
    rgb_NC = _unpacked(colours_N)
    first, second = np.nonzero(np.triu(_near(rgb_NC, rgb_NC), 1))
    if len(first) < _NEAR_PAIRS:
        return
    here_HW = _where(subject, colours_N[np.union1d(first, second)])
    one, other = (f"#{bytes(rgb_NC[at].tolist()).hex()}" for at in (first[0], second[0]))
    yield LintFinding(
        NEAR,
        f"{len(first)} pairs of colours cannot be told apart, such as {one} and {other}; one of each would do.",
        "warning",
        places(here_HW),
        min(1.0, len(first) / len(colours_N)),
        "Merge them",
    )


def with_duplicates_merged(sprite: Sprite) -> Sprite:
    """Colours that cannot be told apart become the one of them that has most pixels; alpha is kept."""
    subject = Subject(sprite)
    counted = sprite.rgba_HWC[subject.visible_HW]
    counted[:, 3] = 0
    colours_N, inverse_P, counts_N = np.unique(counted.view(np.uint32)[:, 0], return_inverse=True, return_counts=True)
    rgb_NC = _unpacked(colours_N)
    becomes_N = np.arange(len(colours_N))
    kept: list[int] = []
    for at in np.argsort(-counts_N, kind="stable").tolist():
        near = np.flatnonzero(_near(rgb_NC[kept], rgb_NC[[at]]))
        if len(near):
            becomes_N[at] = kept[int(near[0])]
        else:
            kept.append(at)
    rgba_HWC = sprite.rgba_HWC.copy()
    merged_P4 = rgba_HWC[subject.visible_HW]
    merged_P4[:, :3] = rgb_NC[becomes_N][inverse_P.reshape(-1)]
    rgba_HWC[subject.visible_HW] = merged_P4
    return Sprite(rgba_HWC, sprite.name)


def _near(one_NC: U8, other_MC: U8) -> Bool:
    """Which colours cannot be told from which, (N, M)."""
    lab_NM = ((to_oklab(one_NC)[:, None] - to_oklab(other_MC)[None]) ** 2).sum(axis=2)
    values_NM = np.abs(one_NC[:, None].astype(np.int16) - other_MC[None]).max(axis=2)
    near_NM: Bool = (lab_NM < _NEAR_DISTANCE**2) | (values_NM <= _NEAR_VALUES)
    return near_NM


def _where(subject: Subject, colours_N: npt.NDArray[np.uint32]) -> Bool:
    opaque_HWC = subject.rgba_HWC.copy()
    opaque_HWC[..., 3] = 0
    return subject.visible_HW & np.isin(opaque_HWC.view(np.uint32)[..., 0], colours_N)


def _unpacked(colours_N: npt.NDArray[np.uint32]) -> U8:
    rgb_NC: U8 = colours_N[:, None].view(np.uint8)[:, :3]
    return rgb_NC
