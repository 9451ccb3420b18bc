"""One enlarged picture of many sprites, for eyes; engines want `export`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lunar_studio.core.sprite import Sprite

_CELL_PX = 96
_GAP_PX = 8
_MAX_SIDE_PX = 4096
_BACKGROUND = (46, 52, 64, 255)


def contact_sheet(sprites: Sequence[Sprite]) -> Sprite:
    """Sprites row by row on a plain ground, enlarged by a whole number, as square as can be.

    Args:
        sprites: At least one, all of one size. Those that find no room within 4096 px are left out.
    """
    side = max(sprites[0].width, sprites[0].height)
    columns = max(1, round(math.sqrt(len(sprites))))
    # Small enough that all fit, if they can; never below one pixel for one pixel.
    room = (_MAX_SIDE_PX - _GAP_PX) // math.ceil(len(sprites) / columns) - _GAP_PX
    factor = max(1, min(_CELL_PX, room) // side)
    pitch = side * factor + _GAP_PX
    columns = min(columns, (_MAX_SIDE_PX - _GAP_PX) // pitch)
    rows = min(math.ceil(len(sprites) / columns), (_MAX_SIDE_PX - _GAP_PX) // pitch)
    sheet_HWC = np.empty((rows * pitch + _GAP_PX, columns * pitch + _GAP_PX, 4), np.uint8)
    sheet_HWC[:] = _BACKGROUND
    for index, sprite in enumerate(sprites[: rows * columns]):
        top, left = (_GAP_PX + place * pitch for place in divmod(index, columns))
        pixels = sprite.rgba_HWC.repeat(factor, axis=0).repeat(factor, axis=1).astype(np.float32)
        alpha = pixels[..., 3:] / 255.0
        cell = sheet_HWC[top : top + pixels.shape[0], left : left + pixels.shape[1], :3]
        cell[:] = (pixels[..., :3] * alpha + cell * (1.0 - alpha)).round()
    return Sprite(sheet_HWC, "contact sheet")
