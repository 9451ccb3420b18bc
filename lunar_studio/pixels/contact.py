"""Contact sheets: many sprites on one picture, enlarged without smoothing, with a word under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import MAX_SIDE_PX

_GAP_PX = 4
_LABEL_PX = 12
_GROUND = (30, 32, 40, 255)
_CHECKS = ((58, 62, 74), (70, 75, 89))
_INK = (226, 228, 236, 255)


def contact_sheet(
    sprites: Sequence[Sprite], columns: int, scale: int = 1, labels: Sequence[str] | None = None
) -> Sprite:
    """Sprites row by row on a checkerboard, each enlarged `scale` times by nearest neighbour.

    Args:
        sprites: At least one; cells are as large as the largest, sprites stand in the middle of theirs.
        columns: Cells in a row.
        scale: Whole enlargement.
        labels: A word under each sprite, cut to the cell's width; None for none.

    Raises:
        ValueError: There is no sprite, a number is not positive, labels are missing, or the sheet would be larger
            than can be read again.
    """
    if not sprites or columns < 1 or scale < 1:
        raise ValueError(f"a sheet needs sprites, columns and a scale, not {len(sprites)}, {columns}, {scale}")
    if labels is not None and len(labels) != len(sprites):
        raise ValueError(f"{len(sprites)} sprites need as many labels, not {len(labels)}")
    columns = min(columns, len(sprites))
    wide = max(sprite.width for sprite in sprites) * scale
    tall = max(sprite.height for sprite in sprites) * scale
    step_x, step_y = wide + _GAP_PX, tall + _GAP_PX + (_LABEL_PX if labels is not None else 0)
    width, height = columns * step_x + _GAP_PX, -(-len(sprites) // columns) * step_y + _GAP_PX
    if max(width, height) > MAX_SIDE_PX:
        raise ValueError(f"the sheet would be {width} × {height} pixels; at most {MAX_SIDE_PX} are allowed")
    sheet_HWC = np.empty((height, width, 4), np.uint8)
    sheet_HWC[:] = _GROUND
    corners = []
    for number, sprite in enumerate(sprites):
        top, left = _GAP_PX + number // columns * step_y, _GAP_PX + number % columns * step_x
        corners.append((left, top + tall + 1))
        _place(sheet_HWC[top : top + tall, left : left + wide], sprite, scale)
    if labels is not None:
        sheet_HWC = _labelled(sheet_HWC, corners, labels, wide)
    return Sprite(sheet_HWC, "contact sheet")


def _place(cell_HWC: U8, sprite: Sprite, scale: int) -> None:
    tall, wide = cell_HWC.shape[:2]
    y, x = np.mgrid[0:tall, 0:wide] // max(4 * scale, 4)
    cell_HWC[..., :3] = np.array(_CHECKS, np.uint8)[(y + x) % 2]
    large_HWC = sprite.rgba_HWC.repeat(scale, axis=0).repeat(scale, axis=1)
    top, left = (tall - large_HWC.shape[0]) // 2, (wide - large_HWC.shape[1]) // 2
    under = cell_HWC[top : top + large_HWC.shape[0], left : left + large_HWC.shape[1], :3]
    share = large_HWC[..., 3:].astype(np.float32) / np.float32(255)
    under[...] = np.round(large_HWC[..., :3] * share + under * (1 - share)).astype(np.uint8)


def _labelled(sheet_HWC: U8, corners: Sequence[tuple[int, int]], labels: Sequence[str], wide: int) -> U8:
    image = Image.fromarray(sheet_HWC, "RGBA")
    draw = ImageDraw.Draw(image)
    # Letters are pixels, too: no smoothing.
    draw.fontmode = "1"
    font = ImageFont.load_default_imagefont()
    for corner, label in zip(corners, labels, strict=True):
        # Pillow's built-in font knows Latin-1 only.
        text = "".join(
            letter for letter in label.encode("latin-1", "replace").decode("latin-1") if letter.isprintable()
        )
        while text and font.getlength(text) > wide:
            text = text[:-1]
        draw.text(corner, text, fill=_INK, font=font)
    return np.asarray(image)
