"""The mouse on the canvas: what a press, a drag and a release mean, with a tool in hand or without.

Without a tool the left button moves the sprite; with one it draws, the right button does the tool's other half, and
the middle button, or the left one while the space bar is held, moves the sprite. What is drawn is told as `Touch`es:
lines without gaps, however fast the mouse went.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent

from lunar_studio.core.overlay import Pixel
from lunar_studio.pixels.strokes import line

_PAN_BUTTON = Qt.MouseButton.MiddleButton
_DRAWING = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)


@dataclass(frozen=True, slots=True)
class Touch:
    """The brush touched pixels.

    Attributes:
        pixels: In the order touched; they may lie off the sprite.
        begins: Whether the button has just gone down.
        is_second: Whether it is the right button: the tool's other half.
        with_shift: Whether Shift is held.
        with_alt: Whether Alt is held.
    """

    pixels: tuple[Pixel, ...]
    begins: bool
    is_second: bool
    with_shift: bool
    with_alt: bool


class Hand:
    """Follows the mouse; the canvas asks it what each event means.

    Attributes:
        has_tool: Whether there is a tool in hand.
        holds_space: Whether the space bar is down.
    """

    def __init__(self) -> None:
        self.has_tool = False
        self.holds_space = False
        self._grabbed: QPointF | None = None
        self._button: Qt.MouseButton | None = None
        self._last: Pixel | None = None
        self._moved_with_space = False

    @property
    def is_moving(self) -> bool:
        """Whether the sprite is being moved."""
        return self._grabbed is not None

    @property
    def is_drawing(self) -> bool:
        """Whether a brush is down."""
        return self._button is not None

    def cursor(self) -> Qt.CursorShape:
        """What the mouse pointer looks like."""
        if self.is_moving:
            return Qt.CursorShape.ClosedHandCursor
        if self.has_tool:
            return Qt.CursorShape.OpenHandCursor if self.holds_space else Qt.CursorShape.CrossCursor
        return Qt.CursorShape.ArrowCursor

    def press(self, event: QMouseEvent, pixel: Pixel | None) -> Touch | None:
        """A button went down: take hold of the sprite, or touch the pixel under the mouse."""
        button = event.button()
        draws = self.has_tool and not self.holds_space
        if button == _PAN_BUTTON or (button == Qt.MouseButton.LeftButton and not draws):
            self._grabbed = event.position()
            self._moved_with_space = self.holds_space
            return None
        if not draws or button not in _DRAWING or pixel is None or self.is_drawing:
            return None
        start = self._last if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else None
        self._button = button
        return self._touch(event, line(pixel if start is None else start, pixel), begins=True)

    def move(self, event: QMouseEvent, pixel: Pixel | None) -> Touch | None:
        """The mouse moved with a brush down: the pixels it has passed since; None if it passed no other."""
        if not self.is_drawing or pixel is None or self._last is None or pixel == self._last:
            return None
        return self._touch(event, line(self._last, pixel)[1:], begins=False)

    def dragged(self, event: QMouseEvent) -> QPointF:
        """How far the sprite is to move, in logical pixels, since the last call."""
        if self._grabbed is None:
            return QPointF()
        moved, self._grabbed = event.position() - self._grabbed, event.position()
        return moved

    def release(self, event: QMouseEvent) -> bool:
        """A button went up; whether a stroke has ended with it."""
        if event.button() == self._button:
            self._button = None
            return True
        if not self.is_drawing:
            self._grabbed = None
        return False

    def press_space(self) -> None:
        """The space bar went down."""
        self.holds_space, self._moved_with_space = True, False

    def release_space(self) -> bool:
        """The space bar went up; whether it was only tapped, nothing having been moved with it."""
        was_tapped = self.holds_space and not self._moved_with_space
        self.holds_space = False
        return was_tapped

    def forget(self) -> None:
        """Another sprite, or another tool: lines do not begin where the last stroke ended."""
        self._last = None

    def _touch(self, event: QMouseEvent, pixels: tuple[Pixel, ...], *, begins: bool) -> Touch:
        self._last = pixels[-1]
        held = event.modifiers()
        return Touch(
            pixels,
            begins,
            self._button == Qt.MouseButton.RightButton,
            bool(held & Qt.KeyboardModifier.ShiftModifier),
            bool(held & Qt.KeyboardModifier.AltModifier),
        )


def cell_at(area_corner: QPoint, zoom: int, point: QPointF) -> Pixel:
    """The pixel under a point, both in device pixels; it may lie off the sprite."""
    return int((point.x() - area_corner.x()) // zoom), int((point.y() - area_corner.y()) // zoom)
