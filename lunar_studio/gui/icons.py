"""Our own icons: pixel art on a 16-px grid, tinted by token, sharp at every scale.

Each is a 16 by 16 PNG in `resources/icons` whose alpha is the drawing; its own colour is ignored.
Scaling is always nearest neighbour, so an icon is never smoothed.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPainter, QPixmap

from lunar_studio import paths
from lunar_studio.gui import theme

GRID_PX = 16


@lru_cache(maxsize=128)
def _mask(name: str) -> QImage:
    """The icon's drawing.

    Raises:
        FileNotFoundError: There is no icon of that name, or it is not 16 by 16.
    """
    image = QImage(str(paths.resources() / "icons" / f"{name}.png"))
    if image.size() != QSize(GRID_PX, GRID_PX):
        raise FileNotFoundError(f"no icon called {name}")
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, ratio: float = 1.0, size_px: int = GRID_PX) -> QPixmap:
    """The icon in one colour.

    Args:
        name: File stem in `resources/icons`.
        colour: A token's value.
        ratio: Device pixels for each logical pixel.
        size_px: Width and height in logical pixels; a whole multiple of 16 looks best.

    Raises:
        FileNotFoundError: There is no icon of that name.
    """
    side = round(size_px * ratio)
    drawn = _mask(name).scaled(
        side, side, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation
    )
    painter = QPainter(drawn)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(drawn.rect(), QColor(colour))
    painter.end()
    made = QPixmap.fromImage(drawn)
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, *, colour: str | None = None, on_colour: str | None = None) -> QIcon:
    """The icon for a button or menu in the current theme.

    Args:
        name: File stem in `resources/icons`.
        colour: A token's value; the text colour for None.
        on_colour: Colour while a checkable control is on; the accent for None.
    """
    tokens = theme.current()
    made = QIcon()
    # One picture for the scale of each screen, so that QIcon finds an exact match and never smooths.
    for ratio in {1.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())}:
        for mode, state, tint in (
            (QIcon.Mode.Normal, QIcon.State.Off, colour or tokens.text),
            (QIcon.Mode.Normal, QIcon.State.On, on_colour or tokens.accent),
            (QIcon.Mode.Disabled, QIcon.State.Off, tokens.faint),
        ):
            made.addPixmap(pixmap(name, tint, ratio), mode, state)
    return made
