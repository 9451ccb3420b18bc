"""A sprite sheet: one picture, many named frames, and the clips that play them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lunar_studio.core.sprite import Sprite


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels; x to the right, y down."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a clip, before it is packed.

    Attributes:
        sprite: The picture.
        name: Unique within a sheet.
        duration_ms: How long it shows; > 0.
    """

    sprite: Sprite
    name: str
    duration_ms: int = 100


@dataclass(frozen=True, slots=True)
class Clip:
    """A run of frames that play together.

    Attributes:
        name: The tag's name.
        first: Index of the first frame.
        last: Index of the last frame, inclusive.
        play: Playing order.
    """

    name: str
    first: int
    last: int
    play: Literal["forward", "reverse", "pingpong"] = "forward"


@dataclass(frozen=True, slots=True)
class PlacedFrame:
    """A frame's place in a sheet.

    Attributes:
        name: The frame's name.
        rect: Where its (trimmed) pixels stand in the sheet.
        source: Where those pixels stand in the untrimmed frame.
        source_size: Width and height of the untrimmed frame.
        duration_ms: How long it shows.
    """

    name: str
    rect: Rect
    source: Rect
    source_size: tuple[int, int]
    duration_ms: int = 100


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture with the places of its frames."""

    image: Sprite
    frames: tuple[PlacedFrame, ...]
    clips: tuple[Clip, ...] = ()
