"""Read .aseprite files: every frame flattened as Aseprite shows it, trusting nothing in them.

Written from the published description of the format (“Aseprite File Format (.ase/.aseprite) Specifications”).
RGBA, grey and indexed pictures; raw, linked, compressed and tile-map cels; groups, opacity, z-order and every blend
mode that works channel by channel. What only Aseprite can do (the four modes of hue and luminosity, tiles kept in
other files) is refused with a word on what to do. Sizes and counts are bounded before memory is taken.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.pixels.containers import BrokenPicture, inspect
from lunar_studio.pixels.layer_blending import BLENDS, over

_FRAME_MAGIC = 0xF1FA
_LAYER, _CEL, _PALETTE, _TILESET, _OLD_PALETTE, _OLDER_PALETTE = 0x2004, 0x2005, 0x2019, 0x2023, 0x0004, 0x0011
_GROUP_LAYER, _TILE_LAYER = 1, 2
_VISIBLE, _BACKGROUND, _REFERENCE = 1, 8, 64
_RAW, _LINKED, _COMPRESSED, _TILES = range(4)
_MAX_CHUNKS = 100_000
_MAX_LAYERS = 4096
_MAX_CEL_SIDE_PX = 8192
_PIXEL_BYTES = {32: 4, 16: 2, 8: 1}

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer, with what its groups make of it."""

    kind: int
    level: int
    visible: bool
    flags: int
    blend: int
    opacity: int
    tileset: int


@dataclass(frozen=True, slots=True)
class _Cel:
    """One picture on one layer in one frame."""

    layer: int
    x: int
    y: int
    opacity: int
    z: int
    kind: int
    body: memoryview


@dataclass(slots=True)
class _Document:
    """What has been read so far."""

    width: int
    height: int
    depth: int
    transparent: int
    has_layer_opacity: bool
    budget: int
    layers: list[_Layer] = field(default_factory=list)
    frames: list[dict[int, _Cel]] = field(default_factory=list)
    tilesets: dict[int, U8] = field(default_factory=dict)
    palette: U8 = field(default_factory=lambda: np.zeros((256, 4), np.uint8))
    has_palette: bool = False

    def spend(self, pixels: int) -> None:
        """Count pixels that are about to be made.

        Raises:
            BrokenPicture: There are too many.
        """
        self.budget -= pixels
        if self.budget < 0:
            raise BrokenPicture("its layers hold far too many pixels")


def frames(data: bytes, *, max_pixels: int) -> Iterator[U8]:
    """Every frame, uint8, shape (height, width, 4), straight alpha, in order.

    Args:
        data: The whole file.
        max_pixels: Of all cels as they are laid down, and of all frames together.

    Raises:
        BrokenPicture: The file is damaged, cut short, too large, or needs Aseprite itself.
    """
    try:
        document = _read(data, max_pixels)
        for number in range(len(document.frames)):
            yield _flattened(document, number)
    except (struct.error, IndexError) as exc:
        raise BrokenPicture("the file is cut short") from exc
    except zlib.error as exc:
        raise BrokenPicture("its pixels are damaged") from exc


# ---- reading -------------------------------------------------------------------------------------


def _read(data: bytes, max_pixels: int) -> _Document:
    header = inspect(data, max_pixels=max_pixels)
    width, height = header.width, header.height
    (count,) = struct.unpack_from("<H", data, 6)
    depth, flags = struct.unpack_from("<HI", data, 12)
    document = _Document(width, height, depth, data[28], bool(flags & 1), max_pixels)
    document.spend(width * height * count)
    document.budget = max_pixels
    position, chunks = 128, 0
    view = memoryview(data)
    for _ in range(count):
        size, magic, few, _duration, many = struct.unpack_from("<IHHHxxI", data, position)
        if magic != _FRAME_MAGIC or size < 16 or position + size > len(data):
            raise BrokenPicture("a frame is damaged or cut short")
        document.frames.append({})
        at, end = position + 16, position + size
        for _ in range(many or few):
            length, kind = struct.unpack_from("<IH", data, at)
            chunks += 1
            if length < 6 or at + length > end or chunks > _MAX_CHUNKS:
                raise BrokenPicture("its parts do not follow each other as in an Aseprite file")
            _take(document, kind, view[at + 6 : at + length])
            at += length
        position = end
    return document


def _take(document: _Document, kind: int, body: memoryview) -> None:
    if kind == _LAYER:
        if len(document.layers) >= _MAX_LAYERS:
            raise BrokenPicture("it has far too many layers")
        document.layers.append(_layer(document, body))
    elif kind == _CEL:
        layer, x, y, opacity, cel_kind, z = struct.unpack_from("<HhhBHh", body)
        if layer >= len(document.layers):
            raise BrokenPicture("a picture lies on a layer that is not there")
        document.frames[-1][layer] = _Cel(layer, x, y, opacity, z, cel_kind, body[16:])
    elif kind == _PALETTE:
        _take_palette(document, body)
    elif kind in (_OLD_PALETTE, _OLDER_PALETTE) and not document.has_palette:
        _take_old_palette(document, body, 4 if kind == _OLDER_PALETTE else 1)
    elif kind == _TILESET:
        _take_tileset(document, body)


def _layer(document: _Document, body: memoryview) -> _Layer:
    flags, kind, level, _, _, blend, opacity = struct.unpack_from("<HHHHHHB", body)
    (name_bytes,) = struct.unpack_from("<H", body, 16)
    tileset = struct.unpack_from("<I", body, 18 + name_bytes)[0] if kind == _TILE_LAYER else 0
    visible = bool(flags & _VISIBLE) and not flags & _REFERENCE
    opacity = opacity if document.has_layer_opacity and kind != _GROUP_LAYER else 255
    # A hidden group hides what is in it.
    parent = next((one for one in reversed(document.layers) if one.level < level), None)
    if parent is not None:
        visible = visible and parent.visible
    return _Layer(kind, level, visible, flags, blend, opacity, tileset)


def _take_palette(document: _Document, body: memoryview) -> None:
    _size, first, last = struct.unpack_from("<III", body)
    at = 20
    for index in range(first, min(last, 255) + 1):
        flags, red, green, blue, alpha = struct.unpack_from("<HBBBB", body, at)
        document.palette[index] = (red, green, blue, alpha)
        at += 6
        if flags & 1:
            (name_bytes,) = struct.unpack_from("<H", body, at)
            at += 2 + name_bytes
    document.has_palette = True


def _take_old_palette(document: _Document, body: memoryview, scale: int) -> None:
    (packets,) = struct.unpack_from("<H", body)
    at, index = 2, 0
    for _ in range(packets):
        index += body[at]
        count = body[at + 1] or 256
        at += 2
        for _ in range(count):
            red, green, blue = body[at], body[at + 1], body[at + 2]
            if index > 255:
                raise BrokenPicture("its palette has more than 256 colours")
            document.palette[index] = (*(min(255, value * scale) for value in (red, green, blue)), 255)
            index, at = index + 1, at + 3


def _take_tileset(document: _Document, body: memoryview) -> None:
    number, flags, tiles, width, height = struct.unpack_from("<IIIHH", body)
    (name_bytes,) = struct.unpack_from("<H", body, 32)
    at = 34 + name_bytes + (8 if flags & 1 else 0)
    if not flags & 2:
        # Kept in another file: refused only where a layer uses it.
        return
    if not width or not height or tiles > 2**20:
        raise BrokenPicture("its tiles make no sense")
    (packed,) = struct.unpack_from("<I", body, at)
    document.spend(tiles * width * height)
    pixels = _unpacked(body[at + 4 : at + 4 + packed], tiles * width * height * _PIXEL_BYTES[document.depth])
    document.tilesets[number] = pixels.reshape(tiles, height, width, _PIXEL_BYTES[document.depth])


def _unpacked(body: memoryview, size: int) -> U8:
    """`size` bytes out of a zlib stream, which may hold no fewer.

    Raises:
        BrokenPicture: It does.
    """
    raw = zlib.decompressobj().decompress(body, max(size, 1))
    if len(raw) < size:
        raise BrokenPicture("some of its pixels are missing")
    return np.frombuffer(raw, np.uint8, size)


# ---- flattening ----------------------------------------------------------------------------------


def _flattened(document: _Document, number: int) -> U8:
    canvas_HWC = np.zeros((document.height, document.width, 4), np.uint8)
    cels = document.frames[number].values()
    for cel in sorted(cels, key=lambda one: (one.layer + one.z, one.z)):
        layer = document.layers[cel.layer]
        if layer.visible and layer.kind != _GROUP_LAYER:
            _put(canvas_HWC, document, layer, cel)
    return canvas_HWC


def _put(canvas_HWC: U8, document: _Document, layer: _Layer, cel: _Cel) -> None:
    if cel.kind == _LINKED:
        (frame,) = struct.unpack_from("<H", cel.body)
        linked = document.frames[frame].get(cel.layer)
        if linked is None or linked.kind == _LINKED:
            raise BrokenPicture("a picture refers to one that is not there")
        source = linked
    else:
        source = cel
    if layer.blend not in BLENDS:
        raise BrokenPicture("a layer uses a blend mode that only Aseprite has; flatten it there, or save it as PNG")
    pixels_HWC = _coloured(document, layer, _stored(document, layer, source))
    # A picture may stand partly or wholly outside the canvas.
    top, left = max(source.y, 0), max(source.x, 0)
    bottom = min(source.y + pixels_HWC.shape[0], document.height)
    right = min(source.x + pixels_HWC.shape[1], document.width)
    if top < bottom and left < right:
        part_HWC = pixels_HWC[top - source.y : bottom - source.y, left - source.x : right - source.x]
        target_HWC = canvas_HWC[top:bottom, left:right]
        target_HWC[:] = over(target_HWC, part_HWC, BLENDS[layer.blend], (layer.opacity, source.opacity))


def _stored(document: _Document, layer: _Layer, cel: _Cel) -> U8:
    """A cel's own pixels, shape (height, width, bytes)."""
    width, height = struct.unpack_from("<HH", cel.body)
    if not width or not height or width > _MAX_CEL_SIDE_PX or height > _MAX_CEL_SIDE_PX:
        raise BrokenPicture("the size of one of its pictures makes no sense")
    if cel.kind == _TILES:
        return _tiles(document, layer, cel.body, width, height)
    document.spend(width * height)
    size = width * height * _PIXEL_BYTES[document.depth]
    if cel.kind == _RAW:
        if len(cel.body) < 4 + size:
            raise BrokenPicture("some of its pixels are missing")
        pixels = np.frombuffer(cel.body[4 : 4 + size], np.uint8)
    elif cel.kind == _COMPRESSED:
        pixels = _unpacked(cel.body[4:], size)
    else:
        raise BrokenPicture("it holds a kind of picture that is not known here; save it as PNG")
    return pixels.reshape(height, width, _PIXEL_BYTES[document.depth])


def _tiles(document: _Document, layer: _Layer, body: memoryview, columns: int, rows: int) -> U8:
    bits, mask, flip_x, flip_y, turn = struct.unpack_from("<HIIII", body, 4)
    tiles_THWC = document.tilesets.get(layer.tileset)
    if bits != 32 or tiles_THWC is None:
        raise BrokenPicture("it uses tiles that are not in the file; save it as PNG")
    _, high, wide, depth = tiles_THWC.shape
    document.spend(columns * rows * high * wide)
    cells = _unpacked(body[32:], columns * rows * 4).view("<u4").reshape(rows, columns)
    made_HWC = np.empty((rows * high, columns * wide, depth), np.uint8)
    for row, column in np.ndindex(rows, columns):
        cell = int(cells[row, column])
        if cell & mask >= len(tiles_THWC):
            raise BrokenPicture("it uses a tile that is not there")
        tile_HWC = tiles_THWC[cell & mask]
        if cell & turn and high == wide:
            tile_HWC = tile_HWC.transpose(1, 0, 2)
        tile_HWC = tile_HWC[:: -1 if cell & flip_y else 1, :: -1 if cell & flip_x else 1]
        made_HWC[row * high : (row + 1) * high, column * wide : (column + 1) * wide] = tile_HWC
    return made_HWC


def _coloured(document: _Document, layer: _Layer, stored_HWC: U8) -> U8:
    """RGBA of stored pixels: RGBA as they are, grey with alpha, or places in the palette."""
    if document.depth == 32:
        return stored_HWC
    if document.depth == 16:
        return np.ascontiguousarray(stored_HWC[..., [0, 0, 0, 1]])
    index_HW = stored_HWC[..., 0]
    rgba_HWC = document.palette[index_HW]
    if not layer.flags & _BACKGROUND:
        rgba_HWC[index_HW == document.transparent] = 0
    return rgba_HWC
