"""Painted pixels that lie over a sprite: few, exact, and each either pinned or not.

Kept sparse, because an artist paints twelve pixels of a thousand and the history keeps every step. A place is one
number, `y * 4096 + x`, so that sets of pixels are sorted arrays and all of this is a few numpy calls.

Shapes: N pixels, H and W the sprite's sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8, read_only
from lunar_studio.core.sprite import Sprite

LARGEST_SIDE = 4096
"""Columns and rows that a place can name; as many as the largest picture has."""

Pixel = tuple[int, int]
"""Column and row, from 0."""

Rgba = tuple[int, int, int, int]
"""Red, green, blue, alpha, 0 to 255, straight alpha."""

Places = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


def places_of(pixels: Iterable[Pixel]) -> Places:
    """The places of pixels, sorted, each once.

    Raises:
        ValueError: A pixel lies outside of what a place can name.
    """
    listed = np.array(list(pixels), np.int64).reshape(-1, 2)
    if listed.size and (listed.min() < 0 or listed.max() >= LARGEST_SIDE):
        raise ValueError(f"a painted pixel lies outside of {LARGEST_SIDE} by {LARGEST_SIDE}")
    return np.unique(listed[:, 1] * LARGEST_SIDE + listed[:, 0]).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Pixels over a sprite.

    Attributes:
        places_N: int32, sorted, each once; `y * 4096 + x`.
        rgba_N4: uint8, straight alpha; a colour for each place.
        pinned_N: bool; whether the pixel stays, whatever becomes of the sprite under it.

    Raises:
        ValueError: The arrays do not belong together, or the places are not sorted, or out of range.
    """

    places_N: Places
    rgba_N4: U8
    pinned_N: Flags

    def __init__(
        self, places_N: npt.ArrayLike = (), rgba_N4: npt.ArrayLike = (), pinned_N: npt.ArrayLike | bool = True
    ) -> None:
        places = read_only(places_N, np.int32)
        rgba = read_only(np.asarray(rgba_N4, np.uint8).reshape(-1, 4), np.uint8)
        pinned = read_only(np.broadcast_to(np.asarray(pinned_N, np.bool_), places.shape), np.bool_)
        if places.ndim != 1 or len(rgba) != len(places):
            raise ValueError("an overlay has a colour for each place")
        if places.size and (places[0] < 0 or places[-1] >= LARGEST_SIDE**2 or bool((np.diff(places) <= 0).any())):
            raise ValueError("places are sorted, each once, and inside the largest picture")
        object.__setattr__(self, "places_N", places)
        object.__setattr__(self, "rgba_N4", rgba)
        object.__setattr__(self, "pinned_N", pinned)

    @classmethod
    def painted(cls, pixels: Iterable[Pixel], rgba: Rgba, *, pinned: bool = True) -> Overlay:
        """Pixels of one colour.

        Raises:
            ValueError: A pixel or the colour is out of range.
        """
        if not all(0 <= channel <= 255 for channel in rgba):
            raise ValueError(f"{rgba} is no colour")
        places = places_of(pixels)
        return cls(places, np.broadcast_to(np.array(rgba, np.uint8), (len(places), 4)), pinned)

    @classmethod
    def taken_from(cls, sprite: Sprite, pixels: Iterable[Pixel], *, pinned: bool = True) -> Overlay:
        """Pixels as a sprite has them; those outside of it are left out."""
        inside = [(x, y) for x, y in pixels if 0 <= x < sprite.width and 0 <= y < sprite.height]
        places = places_of(inside)
        return cls(places, sprite.rgba_HWC[places // LARGEST_SIDE, places % LARGEST_SIDE], pinned)

    def __len__(self) -> int:
        return int(self.places_N.shape[0])

    def __iter__(self) -> Iterator[tuple[Pixel, Rgba, bool]]:
        """Each pixel with its colour and whether it is pinned, row by row."""
        for place, rgba, pinned in zip(
            self.places_N.tolist(), self.rgba_N4.tolist(), self.pinned_N.tolist(), strict=True
        ):
            yield (place % LARGEST_SIDE, place // LARGEST_SIDE), tuple(rgba), pinned

    @property
    def pinned(self) -> Overlay:
        """Only the pinned pixels."""
        return self if bool(self.pinned_N.all()) else self._where(self.pinned_N)

    def put(self, other: Overlay) -> Overlay:
        """These pixels with `other`'s on top."""
        if not len(other):
            return self
        return _merged(self.without(other.places_N), other)

    def without(self, places_N: Places) -> Overlay:
        """These pixels but for those at `places_N`."""
        stays_N = ~np.isin(self.places_N, places_N)
        return self if bool(stays_N.all()) else self._where(stays_N)

    def among(self, places_N: Places) -> Overlay:
        """Only those of these pixels that are at `places_N`."""
        return self._where(np.isin(self.places_N, places_N))

    def with_pins(self, pinned: bool) -> Overlay:
        """The same pixels, all pinned or none."""
        return Overlay(self.places_N, self.rgba_N4, pinned)

    def over(self, sprite: Sprite) -> Sprite:
        """The sprite with these pixels in place of its own; those outside of it are not seen."""
        ys_N, xs_N = self.places_N // LARGEST_SIDE, self.places_N % LARGEST_SIDE
        inside_N = (xs_N < sprite.width) & (ys_N < sprite.height)
        if not bool(inside_N.any()):
            return sprite
        rgba_HWC = sprite.rgba_HWC.copy()
        rgba_HWC[ys_N[inside_N], xs_N[inside_N]] = self.rgba_N4[inside_N]
        return Sprite(rgba_HWC, sprite.name)

    def mask(self, width: int, height: int) -> Flags:
        """Where these pixels are, as bool (height, width)."""
        mask_HW = np.zeros((height, width), np.bool_)
        ys_N, xs_N = self.places_N // LARGEST_SIDE, self.places_N % LARGEST_SIDE
        inside_N = (xs_N < width) & (ys_N < height)
        mask_HW[ys_N[inside_N], xs_N[inside_N]] = True
        return mask_HW

    def _where(self, kept_N: Flags) -> Overlay:
        return Overlay(self.places_N[kept_N], self.rgba_N4[kept_N], self.pinned_N[kept_N])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Overlay):
            return NotImplemented
        return self is other or (
            np.array_equal(self.places_N, other.places_N)
            and np.array_equal(self.rgba_N4, other.rgba_N4)
            and np.array_equal(self.pinned_N, other.pinned_N)
        )

    def __hash__(self) -> int:
        return hash((self.places_N.tobytes(), self.rgba_N4.tobytes(), self.pinned_N.tobytes()))


def _merged(first: Overlay, second: Overlay) -> Overlay:
    """Both, which share no place."""
    places_N = np.concatenate([first.places_N, second.places_N])
    order_N = np.argsort(places_N, kind="stable")
    return Overlay(
        places_N[order_N],
        np.concatenate([first.rgba_N4, second.rgba_N4])[order_N],
        np.concatenate([first.pinned_N, second.pinned_N])[order_N],
    )


NOTHING = Overlay()
"""No pixel at all."""
