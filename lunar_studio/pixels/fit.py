"""Bring a sprite of any size to a model's square size, and say in words what was done to it; other ways are offered.

In order: leave it, undo an exact enlargement, cut away empty margin, pad. Only what is still too large is
made smaller, by the most frequent colour of each whole block, so that no new colour and no soft edge appears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.grid import reduced, upscale_factor


@dataclass(frozen=True, slots=True)
class Fitted:
    """A sprite at a model's size.

    Attributes:
        sprite: Square, of the asked size.
        note: What was done, e.g. `enlarged art brought back to 16 × 16, padded to 32 × 32`; empty if nothing.
        way: The same in a word or two, for a choice between ways.
    """

    sprite: Sprite
    note: str
    way: str = "As it is"


def fit(sprite: Sprite, size: int) -> Fitted:
    """The sprite at `size` × `size` pixels, with a note of every step taken.

    Raises:
        ValueError: `size` is not positive.
    """
    if size < 1:
        raise ValueError(f"the size must be 1 or more, not {size}")
    if sprite.width == size and sprite.height == size:
        return Fitted(sprite, "")
    steps: list[str] = []
    rgba_HWC = sprite.rgba_HWC
    if max(rgba_HWC.shape[:2]) > size and (factor := upscale_factor(sprite)) > 1:
        rgba_HWC = reduced(sprite, factor).rgba_HWC
        steps.append(f"enlarged art brought back to {_size(rgba_HWC)} (every {factor} pixels were one)")
    if max(rgba_HWC.shape[:2]) > size:
        trimmed_HWC = _trimmed(rgba_HWC)
        if max(trimmed_HWC.shape[:2]) <= size:
            rgba_HWC = trimmed_HWC
            steps.append(f"empty margin cut away to {_size(rgba_HWC)}")
    if max(rgba_HWC.shape[:2]) > size:
        factor = -(-max(rgba_HWC.shape[:2]) // size)
        steps.append(f"made {factor} times smaller from {_size(rgba_HWC)}: detail is lost")
        rgba_HWC = _most_frequent(_padded(rgba_HWC, size * factor), factor)
    if rgba_HWC.shape[:2] != (size, size):
        rgba_HWC = _padded(rgba_HWC, size)
        steps.append(f"padded to {size} × {size}")
    shrunk = any("smaller" in step for step in steps)
    way = "Whole, smaller" if shrunk else "Whole" if steps else "As it is"
    return Fitted(Sprite(rgba_HWC, sprite.name), ", ".join(steps), way)


def ways(sprite: Sprite, size: int) -> tuple[Fitted, ...]:
    """Every sensible way to bring a sprite to `size` × `size` pixels, `fit`'s first; those that come to the same once.

    Of a thin line nothing may be left once it is made smaller: a way that empties a sprite is none.

    Raises:
        ValueError: `size` is not positive.
    """
    found = [fit(sprite, size)]
    if found[0].note:
        rgba_HWC = _trimmed(_unscaled(sprite, size))
        largest = max(rgba_HWC.shape[:2])
        if largest > size:
            cut_HWC = _middle(rgba_HWC, size)
            note = f"the middle {_size(cut_HWC)} of {_size(rgba_HWC)} cut out, every pixel as it was"
            found.append(Fitted(Sprite(_padded(cut_HWC, size), sprite.name), note, "Middle, cut out"))
        elif (factor := size // largest) > 1:
            large_HWC = rgba_HWC.repeat(factor, axis=0).repeat(factor, axis=1)
            note = f"every pixel made {factor} × {factor}, to {_size(large_HWC)}"
            found.append(Fitted(Sprite(_padded(large_HWC, size), sprite.name), note, f"{factor}× larger"))
    found = [one for one in found if not one.sprite.is_empty] or found
    return tuple(
        one
        for place, one in enumerate(found)
        if all(one.sprite.digest != known.sprite.digest for known in found[:place])
    )


def _unscaled(sprite: Sprite, size: int) -> U8:
    """The pixels of art that may have been enlarged, at its own size where it is larger than `size`."""
    if max(sprite.width, sprite.height) > size and (factor := upscale_factor(sprite)) > 1:
        return reduced(sprite, factor).rgba_HWC
    return sprite.rgba_HWC


def _middle(rgba_HWC: U8, size: int) -> U8:
    """At most `size` × `size` pixels around the middle."""
    height, width = rgba_HWC.shape[:2]
    top, left = max(0, (height - size) // 2), max(0, (width - size) // 2)
    return rgba_HWC[top : top + size, left : left + size]


def _size(rgba_HWC: U8) -> str:
    return f"{rgba_HWC.shape[1]} × {rgba_HWC.shape[0]}"


def _trimmed(rgba_HWC: U8) -> U8:
    rows, columns = np.nonzero(rgba_HWC[..., 3])
    if not len(rows):
        return rgba_HWC[:1, :1]
    return rgba_HWC[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _padded(rgba_HWC: U8, side: int) -> U8:
    height, width = rgba_HWC.shape[:2]
    padded_HWC = np.zeros((side, side, 4), np.uint8)
    # An odd pixel of room goes to the top: sprites stand on the ground.
    top, left = (side - height + 1) // 2, (side - width) // 2
    padded_HWC[top : top + height, left : left + width] = rgba_HWC
    return padded_HWC


def _most_frequent(rgba_HWC: U8, factor: int) -> U8:
    """Each block of factor × factor pixels becomes its most frequent colour."""
    side = rgba_HWC.shape[0] // factor
    cleaned_HWC = np.where(rgba_HWC[..., 3:] == 0, np.uint8(0), rgba_HWC)
    packed_HW = np.ascontiguousarray(cleaned_HWC).view(np.uint32)[..., 0]
    blocks = packed_HW.reshape(side, factor, side, factor).transpose(0, 2, 1, 3).reshape(side * side, -1)
    ordered = np.sort(blocks, axis=1)
    # Length of the run of equal colours that ends at each place; the longest run is the most frequent colour.
    places = np.arange(ordered.shape[1])
    starts = np.where(np.diff(ordered, axis=1, prepend=ordered[:, :1] ^ 1) != 0, places, 0)
    runs = places - np.maximum.accumulate(starts, axis=1)
    winners = ordered[np.arange(len(ordered)), runs.argmax(axis=1)]
    reduced_HWC: U8 = winners.view(np.uint8).reshape(side, side, 4)
    return reduced_HWC
