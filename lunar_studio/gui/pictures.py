"""Between sprites and Qt's pictures; pixels of art are never smoothed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.gui.theme import Tokens

if TYPE_CHECKING:
    from lunar_studio.pixels.fit import Fitted

LARGEST_SIDE_PX = 1024
"""Of a picture that comes without a file."""


def to_image(sprite: Sprite) -> QImage:
    """A QImage of the sprite's exact pixels (straight alpha), owning its memory."""
    image = QImage(
        sprite.rgba_HWC.tobytes(), sprite.width, sprite.height, 4 * sprite.width, QImage.Format.Format_RGBA8888
    )
    return image.copy()  # the bytes object dies with this call


def to_pixmap(sprite: Sprite, factor: int = 1) -> QPixmap:
    """The sprite's exact pixels, each `factor` device pixels wide."""
    image = to_image(sprite)
    return QPixmap.fromImage(image.scaled(image.width() * factor, image.height() * factor))  # nearest by default


def to_sprite(image: QImage, name: str = "") -> Sprite:
    """A sprite of the picture's exact pixels."""
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(straight.constBits(), np.uint8).reshape(straight.height(), straight.bytesPerLine())
    pixels = rows[:, : 4 * straight.width()].reshape(straight.height(), straight.width(), 4)
    return Sprite(pixels, name)


def paint_checkerboard(painter: QPainter, area: QRect, cell: int, tokens: Tokens) -> None:
    """Fill `area` with squares of `cell` units, the way transparency is shown everywhere."""
    painter.fillRect(area, QColor(tokens.check_dark))
    light = QColor(tokens.check_light)
    for row, y in enumerate(range(area.top(), area.bottom() + 1, cell)):
        for x in range(area.left() + (row % 2) * cell, area.right() + 1, 2 * cell):
            painter.fillRect(QRect(x, y, cell, cell).intersected(area), light)


def paint_sprite(painter: QPainter, area: QRect, image: QImage, ratio: float) -> QRect:
    """Draw `image` as large as whole device pixels allow, centred in `area`.

    A picture larger than the area is drawn at the size that fits, still by nearest neighbour.

    Args:
        painter: In logical coordinates.
        area: Logical pixels.
        image: What to draw.
        ratio: Device pixels for each logical pixel.

    Returns:
        Where it was drawn, in device pixels relative to the painter's origin.
    """
    side_x, side_y = area.width() * ratio, area.height() * ratio
    fits = min(side_x / image.width(), side_y / image.height())
    zoom = float(int(fits)) if fits >= 1 else fits
    width, height = max(1, int(image.width() * zoom)), max(1, int(image.height() * zoom))
    target = QRect(
        round(area.x() * ratio + (side_x - width) / 2), round(area.y() * ratio + (side_y - height) / 2), width, height
    )
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.scale(1 / ratio, 1 / ratio)
    painter.drawImage(target, image)
    painter.restore()
    return target


def read(path: Path) -> Sprite:
    """The first frame of a picture file, however strange the file.

    Raises:
        DatasetError: It cannot be read; the message says why in an artist's words.
    """
    from lunar_studio.pixels import files  # brings Pillow, which the window's start does not need

    return files.read_sprites(path)[0]


def read_bytes(path: Path) -> bytes:
    """A picture file's content.

    Raises:
        DatasetError: It cannot be read.
    """
    from lunar_studio.pixels import files

    return files.read_bytes(path)


def text_of(data: bytes, keyword: str, limit: int) -> str | None:
    """What a PNG says of itself under a keyword; None where it says nothing.

    Raises:
        ValueError: It is damaged or longer than `limit` bytes; the text says which.
    """
    from lunar_studio.pixels.png_text import read_text

    return read_text(data, keyword, limit=limit)


def to_png(sprite: Sprite, texts: Mapping[str, str]) -> bytes:
    """The sprite as a PNG that says something of itself."""
    from lunar_studio.pixels import files

    return files.encode_png(sprite, texts)


def fitted(sprite: Sprite, size: int) -> tuple[Fitted, ...]:
    """The ways to bring a sprite to a model's size, the usual one first."""
    from lunar_studio.pixels import fit

    return fit.ways(sprite, size)


def from_pixels(image: QImage, name: str) -> Sprite:
    """A sprite of a picture that was pasted or dropped.

    Args:
        image: As another program gave it.
        name: What the sprite is called.

    Raises:
        DatasetError: There is none, or it is larger than any sprite or sheet.
    """
    if image.isNull():
        raise DatasetError("There is no picture to take.", hint="Copy a sprite first, then paste it here.")
    if max(image.width(), image.height()) > LARGEST_SIDE_PX:
        raise DatasetError(
            f"That picture has {image.width()} × {image.height()} pixels; that is no sprite.",
            hint=f"Copy only the sprite, at most {LARGEST_SIDE_PX} pixels wide and high.",
        )
    return to_sprite(image, name)
