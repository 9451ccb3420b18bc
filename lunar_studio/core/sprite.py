"""A sprite: one small RGBA picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8, read_only


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """One picture; straight (not premultiplied) alpha.

    Attributes:
        rgba_HWC: uint8, shape (height, width, 4), read-only. Any array of that shape is taken and copied.
        name: What the artist calls it; a file stem or words. Not part of equality.

    Raises:
        ValueError: The array is not (H, W, 4), or is empty.
    """

    rgba_HWC: U8
    name: str = ""

    def __init__(self, rgba_HWC: npt.ArrayLike, name: str = "") -> None:
        pixels = read_only(rgba_HWC, np.uint8)
        if pixels.ndim != 3 or pixels.shape[2] != 4 or 0 in pixels.shape:
            raise ValueError(f"a sprite is (height, width, 4) uint8, not {pixels.shape}")
        object.__setattr__(self, "rgba_HWC", pixels)
        object.__setattr__(self, "name", name)

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return int(self.rgba_HWC.shape[1])

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return int(self.rgba_HWC.shape[0])

    @property
    def digest(self) -> str:
        """BLAKE2b-128 of size and visible pixels, as hex; colour under alpha 0 does not count."""
        visible = self.cleaned().rgba_HWC
        hasher = hashlib.blake2b(f"{self.width}x{self.height}".encode(), digest_size=16)
        hasher.update(visible.tobytes())
        return hasher.hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it can be seen."""
        return not self.rgba_HWC[..., 3].any()

    def cleaned(self) -> Sprite:
        """The same sprite with colour under alpha 0 set to zero."""
        # Of one number for each pixel: reducing over four channels takes fifty times longer.
        phantom = (self.rgba_HWC[..., 3] == 0) & (self.rgba_HWC.view(np.uint32)[..., 0] != 0)
        if not phantom.any():
            return self
        pixels = self.rgba_HWC.copy()
        pixels[phantom] = 0
        return Sprite(pixels, self.name)

    def colour_count(self) -> int:
        """Distinct RGBA values among the pixels that are not fully transparent."""
        # Sorting one number for each pixel is ten times faster than sorting rows of four.
        packed_HW = self.rgba_HWC.view(np.uint32)[..., 0]
        return len(np.unique(packed_HW[self.rgba_HWC[..., 3] > 0]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sprite):
            return NotImplemented
        return np.array_equal(self.rgba_HWC, other.rgba_HWC)

    def __hash__(self) -> int:
        return hash((self.width, self.height, self.rgba_HWC.tobytes()))
