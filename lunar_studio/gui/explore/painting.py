"""From brush to command: which tool is in hand, with which colour, and what a touch of it does to the document."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.overlay import Overlay, Pixel, Rgba
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.canvas_hand import Touch
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.pixels.strokes import on_sprite, same_colour
from lunar_studio.session.commands import SetPalette
from lunar_studio.session.pixel_commands import (
    TRANSPARENT,
    ClearEdits,
    ErasePixels,
    FillPixels,
    PaintPixels,
    PinPixels,
    PixelCommand,
    RestorePixels,
    UnpinPixels,
)

Tool = Literal["hand", "pencil", "eraser", "picker", "bucket", "pin"]
TOOLS: tuple[Tool, ...] = get_args(Tool)

_STROKE = "stroke"
_MOST_MIXED = 64


class Painting(QObject):
    """What the artist's hand does on the canvas.

    Args:
        controller: The way to the document.
        canvas: Where the hand is.
        parent: Its owner.

    Attributes:
        tool_changed: Emitted with the tool's name.
        colour_changed: Emitted with the colour (r, g, b, a).
        pins_painted: Whether painted pixels are pinned.
    """

    tool_changed = Signal(str)
    colour_changed = Signal(object)

    def __init__(self, controller: ExploreController, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._canvas = canvas
        self._tool: Tool = "hand"
        self._colour: Rgba | None = None
        self.pins_painted = True
        canvas.touched.connect(self._on_touched)
        canvas.lifted.connect(self._on_lifted)
        canvas.tool_dropped.connect(self._on_tool_dropped)

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    @property
    def is_colour_chosen(self) -> bool:
        """Whether a colour is in hand; until then it is the sprite's most used one."""
        return self._colour is not None

    @property
    def colour(self) -> Rgba:
        """What is painted with: what was picked last, or the sprite's most used colour."""
        return self._colour if self._colour is not None else _most_used(self._sprite())

    def set_tool(self, tool: Tool) -> None:
        """Take a tool in hand; `hand` is none."""
        self._tool = tool
        self._canvas.set_tool(tool != "hand")
        if tool != "hand":
            self._canvas.setFocus()  # so that space and Escape reach it
        self.tool_changed.emit(tool)

    @Slot(object)
    def set_colour(self, colour: tuple[int, int, int] | Rgba) -> None:
        """Paint with a colour from now on; three numbers are an opaque one."""
        red, green, blue, alpha = (*colour, 255)[:4]
        self._colour = (red, green, blue, alpha)
        self.colour_changed.emit(self._colour)

    def mix(self, rgb: tuple[int, int, int]) -> None:
        """Paint with a colour, and keep it among the artist's own; undo takes it from there again."""
        own = self._controller.document.palette.rgb_NC
        if not (own == np.array(rgb)).all(axis=1).any():
            kept = np.concatenate([own, np.array([rgb], np.uint8)])[-_MOST_MIXED:]
            self._controller.do(SetPalette(Palette(kept)))
        self.set_colour(rgb)

    def clear(self) -> None:
        """Give every painted pixel back to the model."""
        self._controller.do(ClearEdits())

    def unpin_all(self) -> None:
        """Painted pixels stay, but the next roll may take them."""
        self._controller.do(UnpinPixels(tuple(pixel for pixel, _, _ in self._controller.document.edits)))

    # ---- what the brush touches ------------------------------------------------------------------------

    @Slot(object)
    def _on_touched(self, touch: Touch) -> None:
        sprite = self._sprite()
        if sprite is None:
            return
        pixels = on_sprite(touch.pixels, sprite.width, sprite.height, wraps=self._canvas.tiles)
        if not pixels:
            return
        if self._tool == "picker" or touch.with_alt:
            self._pick(sprite, pixels[-1])
            return
        if self._colour is None:
            self.set_colour(self.colour)  # from now on it stays, whatever the sprite becomes
        command = self._command(touch, sprite, pixels)
        if command is not None:
            self._controller.session.do(command, merge=_STROKE)

    def _command(self, touch: Touch, sprite: Sprite, pixels: tuple[Pixel, ...]) -> PixelCommand | None:
        """What the tool in hand does to pixels; None where it does nothing."""
        pinned, second = self.pins_painted, touch.is_second
        match self._tool:
            case "pencil":
                return ErasePixels(pixels, pinned) if second else PaintPixels(pixels, self.colour, pinned)
            case "eraser":
                return RestorePixels(pixels) if second else ErasePixels(pixels, pinned)
            case "pin":
                return UnpinPixels(pixels) if second else PinPixels(Overlay.taken_from(sprite, pixels))
            case "bucket" if touch.begins:
                area = same_colour(sprite, pixels[-1], everywhere=touch.with_shift)
                return FillPixels(area, TRANSPARENT if second else self.colour, pinned)
            case _:
                return None

    def _pick(self, sprite: Sprite, pixel: Pixel) -> None:
        red, green, blue, alpha = sprite.rgba_HWC[pixel[1], pixel[0]].tolist()
        if alpha:  # nothing is no colour: the eraser paints with it
            self.set_colour((red, green, blue, alpha))

    @Slot()
    def _on_lifted(self) -> None:
        self._controller.end_move()

    @Slot()
    def _on_tool_dropped(self) -> None:
        self.set_tool("hand")

    def _sprite(self) -> Sprite | None:
        current = self._controller.current
        return None if current is None else current.sprite


def _most_used(sprite: Sprite | None) -> Rgba:
    """The most used opaque colour; black without a sprite."""
    if sprite is None or not (sprite.rgba_HWC[..., 3] == 255).any():
        return (0, 0, 0, 255)
    red, green, blue = sprite.rgba_HWC[sprite.rgba_HWC[..., 3] == 255][:, :3].astype(np.int32).T
    # One number for each pixel: rows of three take ten times as long, and a drag asks for every sprite.
    found, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    most = int(found[int(np.argmax(counts))])
    return most >> 16, most >> 8 & 255, most & 255, 255
