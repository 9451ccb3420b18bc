"""Commands that paint: each changes `Document.edits` only, and its inverse is a `PatchEdits`.

A patch says which pixels get what, and which are given back to the model. It is as small as the stroke it undoes,
not as large as the painting, so that a long afternoon of strokes is a small history. Two patches in a row are one
patch, so that a drag of the pencil is one step with one inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lunar_studio.core.overlay import LARGEST_SIDE, NOTHING, Overlay, Pixel, Places, Rgba, places_of
from lunar_studio.session.document import Document

TRANSPARENT: Rgba = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class PaintPixels:
    """Give pixels a colour.

    Attributes:
        pixels: Column and row of each.
        rgba: The colour.
        pinned: Whether they stay while the rest of the sprite changes.
    """

    pixels: tuple[Pixel, ...]
    rgba: Rgba
    pinned: bool = True

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Paint"


@dataclass(frozen=True, slots=True)
class ErasePixels:
    """Make pixels transparent.

    Attributes:
        pixels: Column and row of each.
        pinned: Whether they stay transparent while the rest of the sprite changes.
    """

    pixels: tuple[Pixel, ...]
    pinned: bool = True

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Erase"


@dataclass(frozen=True, slots=True)
class FillPixels:
    """Give an area a colour.

    Attributes:
        pixels: Column and row of each pixel of the area.
        rgba: The colour.
        pinned: Whether they stay while the rest of the sprite changes.
    """

    pixels: tuple[Pixel, ...]
    rgba: Rgba
    pinned: bool = True

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Fill"


@dataclass(frozen=True, slots=True)
class PinPixels:
    """Keep pixels as they are, whatever becomes of the rest.

    Attributes:
        pixels: The pixels as they are seen now.
    """

    pixels: Overlay

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Pin"


@dataclass(frozen=True, slots=True)
class UnpinPixels:
    """Pinned pixels stay painted, but no longer through another sprite.

    Attributes:
        pixels: Column and row of each; those that are not pinned stay as they are.
    """

    pixels: tuple[Pixel, ...]

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Unpin"


@dataclass(frozen=True, slots=True)
class RestorePixels:
    """Give pixels back to the model.

    Attributes:
        pixels: Column and row of each.
    """

    pixels: tuple[Pixel, ...]

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Give back to the model"


@dataclass(frozen=True, slots=True)
class ClearEdits:
    """Give every painted pixel back to the model, pinned ones too."""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Clear painted pixels"


@dataclass(frozen=True, slots=True)
class PatchEdits:
    """Put some pixels and give others back: what undoes every command above.

    Attributes:
        put: Pixels as they are afterwards.
        dropped: Column and row of those given back to the model.
        title: The line in the history list.
    """

    put: Overlay = NOTHING
    dropped: tuple[Pixel, ...] = ()
    title: str = "Paint"

    @property
    def places(self) -> Places:
        """Every place that it sets, sorted."""
        return np.union1d(self.put.places_N, places_of(self.dropped)).astype(np.int32)


PixelCommand = (
    PaintPixels | ErasePixels | FillPixels | PinPixels | UnpinPixels | RestorePixels | ClearEdits | PatchEdits
)


def apply_pixels(document: Document, command: PixelCommand) -> tuple[Document, PatchEdits]:
    """The document after a command that paints, and the patch that leads back.

    Raises:
        ValueError: There is no sprite to paint on, or a pixel or colour is out of range.
    """
    if document.latent is None and not isinstance(command, PatchEdits):
        raise ValueError("there is no sprite to paint on yet")
    edits = document.edits
    match command:
        case PaintPixels() | FillPixels():
            put, dropped = Overlay.painted(command.pixels, command.rgba, pinned=command.pinned), NOTHING.places_N
        case ErasePixels():
            put, dropped = Overlay.painted(command.pixels, TRANSPARENT, pinned=command.pinned), NOTHING.places_N
        case PinPixels():
            put, dropped = command.pixels.with_pins(True), NOTHING.places_N
        case UnpinPixels():
            put, dropped = edits.among(places_of(command.pixels)).with_pins(False), NOTHING.places_N
        case RestorePixels():
            put, dropped = NOTHING, places_of(command.pixels)
        case ClearEdits():
            put, dropped = NOTHING, edits.places_N
        case PatchEdits():
            put, dropped = command.put, places_of(command.dropped)
    changed = edits.without(dropped).put(put)
    touched = np.union1d(put.places_N, dropped).astype(np.int32)
    return replace(document, edits=changed), _patch_to(edits, touched, command.title)


def joined(first: PatchEdits, then: PatchEdits) -> PatchEdits:
    """The one patch that does what `first` does and `then` does after it."""
    put = first.put.without(then.places).put(then.put)
    dropped = np.setdiff1d(np.union1d(places_of(first.dropped), places_of(then.dropped)), put.places_N)
    return PatchEdits(put, _pixels(dropped), then.title)


def _patch_to(edits: Overlay, touched_N: Places, title: str) -> PatchEdits:
    """The patch that makes `edits` of whatever differs from it at `touched_N` only."""
    put = edits.among(touched_N)
    return PatchEdits(put, _pixels(np.setdiff1d(touched_N, put.places_N)), title)


def _pixels(places_N: Places) -> tuple[Pixel, ...]:
    return tuple((place % LARGEST_SIDE, place // LARGEST_SIDE) for place in places_N.tolist())
