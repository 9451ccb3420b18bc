"""Painted pixels as text, for project files and for pictures that reopen.

Base64 of 9 bytes for each pixel: place (int32, little end first; `y * 4096 + x`), red, green, blue, alpha, and 1 where
it is pinned, else 0; sorted by place.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np

from lunar_studio.core.overlay import LARGEST_SIDE, Overlay

_PIXEL_BYTES = 9
_MOST_PIXELS = 2**20


class Unreadable(ValueError):
    """A value cannot be what it should be; the text says which, and why."""


def encode_overlay(overlay: Overlay) -> str:
    """Painted pixels as base64."""
    packed = np.zeros((len(overlay), _PIXEL_BYTES), np.uint8)
    packed[:, :4] = overlay.places_N.astype("<i4").view(np.uint8).reshape(-1, 4)
    packed[:, 4:8] = overlay.rgba_N4
    packed[:, 8] = overlay.pinned_N
    return base64.b64encode(packed.tobytes()).decode("ascii")


def decode_overlay(value: object, path: str) -> Overlay:
    """Painted pixels from base64.

    Raises:
        Unreadable: They are none.
    """
    if not isinstance(value, str) or len(value) > _MOST_PIXELS * 2 * _PIXEL_BYTES:
        raise Unreadable(f"{path} is no text, or far too long")
    try:
        packed = np.frombuffer(base64.b64decode(value, validate=True), np.uint8)
    except (binascii.Error, ValueError) as exc:
        raise Unreadable(f"{path} is no base64") from exc
    if packed.size % _PIXEL_BYTES or packed.size > _MOST_PIXELS * _PIXEL_BYTES:
        raise Unreadable(f"{path} holds no whole pixels, or too many")
    rows = packed.reshape(-1, _PIXEL_BYTES)
    places = np.ascontiguousarray(rows[:, :4]).view("<i4")[:, 0]
    if rows.size and (rows[:, 8].max() > 1 or places.min() < 0 or places.max() >= LARGEST_SIDE**2):
        raise Unreadable(f"{path} holds pixels that no picture has")
    try:
        return Overlay(places, rows[:, 4:8], rows[:, 8].astype(np.bool_))
    except ValueError as exc:
        raise Unreadable(f"{path} makes no sense: {exc}") from exc
