"""Find near copies: mirrored, shifted, recoloured and slightly edited sprites.

In three steps, so that time grows with the number of sprites and not with its square:

1. Three 64-bit hashes of each sprite as it stands, centred on its centre of mass, and both mirrored: of
   light (a dHash), of structure (where neighbours differ, which no recolouring changes), of the silhouette.
2. Sprites that agree in one of several bands of the first two hashes, and nearly in the third, become
   candidates (locality-sensitive hashing).
3. Candidates are compared pixel by pixel; only what passes `_alike` is a pair.

Exact recolourings are found by hashing which pixels share a colour, whatever that colour is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_BATCH = 512
_VIEWS = 4  # as it stands, centred, and both mirrored
_BANDS = 14
_BAND_BITS = 16
# In a crowded band each sprite meets only this many that sort next to it by the whole hash.
_WINDOW = 24
_HAMMING = 13
_SILHOUETTE_BITS = 4
_CHANGED = 24

# Limits of `_alike`, set on real art by looking at the pairs they let through; docs/dataset.md has the figures.
_SILHOUETTE = 0.08
_DIFFERENT = 0.14
_CORRELATION = 0.955
_STRUCTURE = 0.15
_MOST_EDGES = 0.7


def near_pairs(sprites_NHWC: U8) -> list[tuple[int, int]]:
    """Pairs of near copies, enough to connect each group of them.

    Args:
        sprites_NHWC: uint8, shape (sprites, size, size, 4), colour under alpha 0 zeroed; a memory map will do.

    Returns:
        Pairs (first, second) with first < second, ascending, without repeats.
    """
    count = len(sprites_NHWC)
    if count < 2:
        return []
    hashes_VNK = np.zeros((_VIEWS, count, 4), np.uint64)
    first_with: dict[bytes, int] = {}
    exact: set[tuple[int, int]] = set()
    for start in range(0, count, _BATCH):
        batch_NHWC = np.ascontiguousarray(sprites_NHWC[start : start + _BATCH])
        for view, pixels_NHWC in enumerate(_views(batch_NHWC)):
            for kind, hashed in enumerate((_light_hash, _structure_hash, _silhouette_hash, _area)):
                hashes_VNK[view, start : start + _BATCH, kind] = hashed(pixels_NHWC)
            if view % 2:
                # Only centred views: a recoloured copy may be shifted as well.
                for at, key in enumerate(_recolouring_keys(pixels_NHWC), start=start):
                    if (first := first_with.setdefault(key, at)) != at:
                        exact.add((first, at))
    checked = _checked(sprites_NHWC, _candidates(hashes_VNK))
    return sorted(exact.union(checked))


# ---- views ---------------------------------------------------------------------------------------


def _centring(sprites_NHWC: U8) -> I64:
    """Rows and columns by which to move each sprite so that its centre of mass is in the middle, shape (N, 2)."""
    alpha_NHW = sprites_NHWC[..., 3] > 0
    mass_N = np.maximum(alpha_NHW.sum(axis=(1, 2)), 1)
    size = sprites_NHWC.shape[1]
    places = np.arange(size)
    rows_N = (alpha_NHW.sum(axis=2) @ places) / mass_N
    columns_N = (alpha_NHW.sum(axis=1) @ places) / mass_N
    # Not a half: centres that fall between two pixels must round alike after a shift.
    shifts: I64 = np.floor((size - 1) / 2 - np.stack([rows_N, columns_N], axis=1) + 0.4999).astype(np.int64)
    shifts[alpha_NHW.all(axis=(1, 2))] = 0
    return shifts


def _centred(sprites_NHWC: U8) -> U8:
    """Each sprite moved so that its centre of mass is in the middle; what leaves is lost, what comes is empty."""
    size = sprites_NHWC.shape[1]
    shifts = _centring(sprites_NHWC)
    rows = np.arange(size)[None, :] - shifts[:, :1]
    columns = np.arange(size)[None, :] - shifts[:, 1:]
    inside = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[:, None, :]
    which = np.arange(len(sprites_NHWC))[:, None, None]
    # One pixel is one 32-bit number here: four times fewer things to move.
    packed = np.ascontiguousarray(sprites_NHWC).view(np.uint32)[..., 0]
    moved = packed[which, np.clip(rows, 0, size - 1)[:, :, None], np.clip(columns, 0, size - 1)[:, None, :]]
    moved[~inside] = 0
    pixels: U8 = moved[..., None].view(np.uint8)
    return pixels


def _views(sprites_NHWC: U8) -> Iterator[U8]:
    """As it stands, centred, mirrored, mirrored and centred."""
    mirrored_NHWC = np.ascontiguousarray(sprites_NHWC[:, :, ::-1])
    yield sprites_NHWC
    yield _centred(sprites_NHWC)
    yield mirrored_NHWC
    yield _centred(mirrored_NHWC)


# ---- hashes --------------------------------------------------------------------------------------


def _light(sprites_NHWC: U8) -> F32:
    """Lightness of each pixel over middle grey, 0 to 255, shape (N, H, W)."""
    values = sprites_NHWC.astype(np.float32)
    lightness = values[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    share = values[..., 3] / np.float32(255)
    over_grey: F32 = lightness * share + np.float32(128) * (np.float32(1) - share)
    return over_grey


def _edges(sprites_NHWC: U8) -> tuple[Bool, Bool]:
    """Where a pixel differs from the next in its row, and in its column; each of shape (N, H, W)."""
    packed = np.ascontiguousarray(sprites_NHWC).view(np.uint32)[..., 0]
    across, down = np.zeros(packed.shape, np.bool_), np.zeros(packed.shape, np.bool_)
    across[:, :, :-1] = packed[:, :, 1:] != packed[:, :, :-1]
    down[:, :-1] = packed[:, 1:] != packed[:, :-1]
    return across, down


def _light_hash(sprites_NHWC: U8) -> U64:
    small = _shrunk(_light(sprites_NHWC), 8, 9)
    return _packed_bits(small[:, :, 1:] > small[:, :, :-1] + np.float32(1))


def _structure_hash(sprites_NHWC: U8) -> U64:
    across, down = _edges(sprites_NHWC)
    density = (across.astype(np.uint8) + down).astype(np.float32)
    density += np.float32(0.5) * (sprites_NHWC[..., 3] > 0)
    small = _shrunk(density, 8, 9)
    return _packed_bits(small[:, :, 1:] > small[:, :, :-1] + np.float32(0.02))


def _silhouette_hash(sprites_NHWC: U8) -> U64:
    return _packed_bits(_shrunk((sprites_NHWC[..., 3] > 0).astype(np.float32), 8, 8) > np.float32(0.5))


def _area(sprites_NHWC: U8) -> U64:
    area: U64 = (sprites_NHWC[..., 3] > 0).sum(axis=(1, 2)).astype(np.uint64)
    return area


def _shrunk(values_NHW: F32, rows: int, columns: int) -> F32:
    """Area means on a grid of rows × columns, whatever the size."""
    _, height, width = values_NHW.shape
    tall, wide = _area_weights(height, rows), _area_weights(width, columns)
    shrunk: F32 = np.einsum("rh,nhw,cw->nrc", tall, values_NHW, wide, optimize=True)
    return shrunk


def _area_weights(source: int, target: int) -> F32:
    edges = np.linspace(0, source, target + 1)
    cells = np.arange(source)
    cover = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights = np.clip(cover, 0, None)
    normal: F32 = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normal


def _packed_bits(bits_NRC: Bool) -> U64:
    packed = np.packbits(bits_NRC.reshape(len(bits_NRC), 64), axis=1)
    words: U64 = packed.view(np.uint64)[:, 0]
    return words


def _recolouring_keys(sprites_NHWC: U8) -> list[bytes]:
    """A digest of which pixels share a colour; equal for recoloured copies, whatever the colours are."""
    packed_NP = np.ascontiguousarray(sprites_NHWC).view(np.uint32).reshape(len(sprites_NHWC), -1)
    order = np.argsort(packed_NP, axis=1, kind="stable")
    ordered = np.take_along_axis(packed_NP, order, axis=1)
    begins = np.ones(ordered.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.maximum.accumulate(np.where(begins, np.arange(ordered.shape[1]), 0), axis=1)
    # The first pixel of each colour names the colour: no colour value is left.
    names = np.empty(packed_NP.shape, np.int32)
    np.put_along_axis(names, order, np.take_along_axis(order, places, axis=1).astype(np.int32), axis=1)
    # Transparent is transparent under every recolouring, so it keeps a name of its own.
    names[packed_NP == 0] = -1
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in names]


# ---- candidates ----------------------------------------------------------------------------------


def _candidates(hashes_VNK: U64) -> U64:
    """Pairs worth comparing as (view · N + sprite) of both, shape (pairs, 2); the first is not mirrored."""
    words_EK = hashes_VNK.reshape(-1, hashes_VNK.shape[2])
    rng = np.random.default_rng(0)
    found = []
    for kind in (0, 1):
        for _ in range(_BANDS):
            mask = np.uint64(sum(1 << int(bit) for bit in rng.choice(64, _BAND_BITS, replace=False)))
            found.append(_in_one_band(words_EK[:, kind], words_EK[:, 2], words_EK[:, 3], mask))
    pairs = np.unique(np.concatenate(found))
    return np.stack([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)], axis=1)


def _in_one_band(words: U64, silhouettes: U64, areas: U64, mask: np.uint64) -> U64:
    """Pairs that agree under the mask and stand near each other when sorted, packed as first << 32 | second."""
    count = np.uint64(len(words) // _VIEWS)
    keys = words & mask
    order = np.lexsort((words, areas, keys))
    keys, words, silhouettes = keys[order], words[order], silhouettes[order]
    areas = areas[order].astype(np.float32)
    found = [np.zeros(0, np.uint64)]
    for step in range(1, min(_WINDOW, len(order) - 1) + 1):
        at = np.flatnonzero(keys[step:] == keys[:-step])
        at = at[areas[at] >= areas[at + step] * np.float32(1 - _SILHOUETTE)]
        at = at[np.bitwise_count(silhouettes[at + step] ^ silhouettes[at]) <= _SILHOUETTE_BITS]
        at = at[np.bitwise_count(words[at + step] ^ words[at]) <= _HAMMING]
        found.append(_as_keys(order[at].astype(np.uint64), order[at + step].astype(np.uint64), count))
    return np.concatenate(found)


def _as_keys(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64], count: np.uint64) -> npt.NDArray[np.uint64]:
    """Drop pairs of a sprite with itself, or both mirrored; put the smaller sprite first, unmirrored."""
    half = np.uint64(2) * count
    useful = (first % count != second % count) & ~((first >= half) & (second >= half))
    first, second = first[useful], second[useful]
    # Mirroring both gives the same comparison, so the unmirrored one goes first; else the smaller sprite.
    swap = (first >= half) | ((second < half) & (first % count > second % count))
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return first << np.uint64(32) | second


# ---- comparison ----------------------------------------------------------------------------------


def _checked(sprites_NHWC: U8, pairs: U64) -> set[tuple[int, int]]:
    count = len(sprites_NHWC)
    found: set[tuple[int, int]] = set()
    for start in range(0, len(pairs), _BATCH):
        batch = pairs[start : start + _BATCH].astype(np.int64)
        first, second = (_pixels(sprites_NHWC, batch[:, side]) for side in (0, 1))
        for one, other in (batch[_alike(first, second)] % count).tolist():
            found.add((min(one, other), max(one, other)))
    return found


def _pixels(sprites_NHWC: U8, entries: I64) -> U8:
    """The views named by entries (view · N + sprite)."""
    view, which = np.divmod(entries, len(sprites_NHWC))
    pixels = sprites_NHWC[which]
    mirrored = view >= 2
    pixels[mirrored] = pixels[mirrored][:, :, ::-1]
    centred = view % 2 == 1
    if centred.any():
        pixels[centred] = _centred(pixels[centred])
    return pixels


def _alike(first_NHWC: U8, second_NHWC: U8) -> Bool:
    """Which pairs are near copies: much the same silhouette, and the same pixels, shading or structure."""
    visible, other = first_NHWC[..., 3] > 0, second_NHWC[..., 3] > 0
    area = np.maximum((visible | other).sum(axis=(1, 2)), 1)
    alike: Bool = (visible ^ other).sum(axis=(1, 2)) <= _SILHOUETTE * area
    undecided = np.flatnonzero(alike)
    for test in (_few_differ, _same_structure, _same_shading):
        # Dearer tests see only the pairs that the cheaper ones did not pass.
        passed = test(first_NHWC[undecided], second_NHWC[undecided], area[undecided])
        undecided = undecided[~passed]
    alike[undecided] = False
    return alike


def _few_differ(first_NHWC: U8, second_NHWC: U8, area: I64) -> Bool:
    distance = np.maximum(first_NHWC, second_NHWC) - np.minimum(first_NHWC, second_NHWC)
    few: Bool = (distance > _CHANGED).any(axis=3).sum(axis=(1, 2)) <= _DIFFERENT * area
    return few


def _same_structure(first_NHWC: U8, second_NHWC: U8, area: I64) -> Bool:
    """Edges stand in the same places, and are not so many that they would anyway."""
    differing, present = np.zeros(len(area)), np.zeros(len(area))
    for one, two in zip(_edges(first_NHWC), _edges(second_NHWC), strict=True):
        differing += (one ^ two).sum(axis=(1, 2))
        present += (one | two).sum(axis=(1, 2))
    same: Bool = (differing <= _STRUCTURE * present) & (present <= _MOST_EDGES * 2 * area)
    return same


def _same_shading(first_NHWC: U8, second_NHWC: U8, _area: I64) -> Bool:
    """Lightness goes up and down together (Pearson's correlation over pixels visible in both)."""
    mask = (first_NHWC[..., 3] > 0) & (second_NHWC[..., 3] > 0)
    number = np.maximum(mask.sum(axis=(1, 2)), 1).astype(np.float32)
    centred = []
    for pixels in (first_NHWC, second_NHWC):
        light = _light(pixels) * mask
        light -= (light.sum(axis=(1, 2)) / number)[:, None, None]
        centred.append(light * mask)
    first, second = centred
    power = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2)))
    # Below three levels of spread there is no shading to compare.
    same: Bool = (first * second).sum(axis=(1, 2)) >= _CORRELATION * np.maximum(power, 9.0 * number)
    return same
