"""Find near copies: mirrored, shifted, recoloured and slightly edited sprites.

In three steps, so that time grows with the number of sprites and not with its square:

1. Three 64-bit hashes of each sprite as it stands, centred on its centre of mass, and both mirrored: of
   light (a dHash), of structure (where neighbours differ, which no recolouring changes), of the silhouette.
2. Sprites that agree in one of several bands of the first two hashes, or in their mean colours rounded in one
   of several ways, and nearly in silhouette, become candidates (locality-sensitive hashing); those whose
   silhouettes differ in more than some pixels are dropped by comparing bits.
3. Candidates are compared pixel by pixel; only what passes `_alike` is a pair.

Exact recolourings are found by hashing which pixels share a colour, whatever that colour is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.data.split import Groups

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_BATCH = 512
_PAIRS = 2**18
"""So many pairs of silhouettes are compared at once; more would not be quicker."""

_VIEWS = 4  # as it stands, centred, and both mirrored
_BANDS = 14
_BAND_BITS = 16
# In a crowded band each sprite meets only this many that sort next to it by the whole hash.
_WINDOW = 16
_HAMMING = 13
_SILHOUETTE_BITS = 4
_COLOUR_STEP = 40.0
_CHANGED = 24

# Limits of `_alike`, set on real art by looking at the pairs they let through; docs/dataset.md has the figures.
_SILHOUETTE = 0.08
_DIFFERENT = 0.14
_CORRELATION = 0.955
_STRUCTURE = 0.15
_MOST_EDGES = 0.78


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
    shapes_VNW = np.zeros((_VIEWS, count, -(-(sprites_NHWC.shape[1] ** 2) // 64)), np.uint64)
    colours_VNC = np.zeros((_VIEWS, count, 16), np.float32)
    first_with: dict[bytes, int] = {}
    exact: list[tuple[int, int]] = []
    groups = Groups(count)
    for start in range(0, count, _BATCH):
        batch = slice(start, start + _BATCH)
        for view, pixels_NHWC in enumerate(_views(np.ascontiguousarray(sprites_NHWC[batch]))):
            for kind, hashed in enumerate((_light_hash, _structure_hash, _silhouette_hash, _area)):
                hashes_VNK[view, batch, kind] = hashed(pixels_NHWC)
            colours_VNC[view, batch] = _colours(pixels_NHWC)
            shapes_VNW[view, batch] = _shapes(pixels_NHWC)
            if view % 2:
                # Only centred views: a recoloured copy may be shifted as well.
                for at, key in enumerate(recolouring_keys(pixels_NHWC), start=start):
                    if (first := first_with.setdefault(key, at)) != at:
                        groups.join(first, at)
                        exact.append((min(first, at), max(first, at)))
    checked = _checked(sprites_NHWC, _candidates(hashes_VNK, colours_VNC, shapes_VNW), groups)
    return sorted({*exact, *checked})


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


def _shapes(sprites_NHWC: U8) -> U64:
    """Which pixels are visible, one bit each, shape (N, words)."""
    visible_NP = (sprites_NHWC[..., 3] > 0).reshape(len(sprites_NHWC), sprites_NHWC.shape[1] ** 2)
    bits_NB = np.packbits(visible_NP, axis=1)
    words: U64 = np.pad(bits_NB, ((0, 0), (0, -bits_NB.shape[1] % 8))).view(np.uint64)
    return words


def _colours(sprites_NHWC: U8) -> F32:
    """Mean premultiplied RGBA of the four quarters, shape (N, 16): tells apart textures that have no structure."""
    alpha_NHW = sprites_NHWC[..., 3].astype(np.float32)
    share_NHW = alpha_NHW / np.float32(255)
    # One channel after the other: in one array of all it takes many times longer.
    channels = [*(sprites_NHWC[..., channel] * share_NHW for channel in range(3)), alpha_NHW]
    return np.concatenate([_shrunk(channel, 2, 2).reshape(-1, 4) for channel in channels], axis=1)


def _shrunk(values_NHW: F32, rows: int, columns: int) -> F32:
    """Means on a grid of rows × columns; cells are as equal as whole pixels allow, and repeat where there are fewer."""
    _, height, width = values_NHW.shape
    tops, lefts = np.arange(rows) * height // rows, np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(values_NHW, tops, axis=1), lefts, axis=2)
    heights = np.maximum(np.diff(tops, append=height), 1)
    widths = np.maximum(np.diff(lefts, append=width), 1)
    shrunk: F32 = sums / (heights[:, None] * widths[None, :]).astype(np.float32)
    return shrunk


def _packed_bits(bits_NRC: Bool) -> U64:
    packed = np.packbits(bits_NRC.reshape(len(bits_NRC), 64), axis=1)
    words: U64 = packed.view(np.uint64)[:, 0]
    return words


def recolouring_keys(sprites_NHWC: U8) -> list[bytes]:
    """A digest of which pixels share a colour; equal for recoloured copies, whatever the colours are.

    Args:
        sprites_NHWC: uint8, shape (sprites, height, width, 4), colour under alpha 0 zeroed.
    """
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


def _candidates(hashes_VNK: U64, colours_VNC: F32, shapes_VNW: U64) -> I64:
    """Pairs worth comparing as (view · N + sprite) of both, shape (pairs, 2); the first is not mirrored."""
    count = hashes_VNK.shape[1]
    distinct_VN = np.ones(hashes_VNK.shape[:2], np.bool_)
    # A sprite that is centred as it stands has one view less to meet others with.
    distinct_VN[1::2] = (hashes_VNK[1::2] != hashes_VNK[::2]).any(axis=2)
    entries = np.flatnonzero(distinct_VN)
    words_EK = hashes_VNK.reshape(-1, hashes_VNK.shape[2])[entries]
    colours_EC = colours_VNC.reshape(-1, colours_VNC.shape[2])[entries]
    light, structure, silhouettes, areas = (np.ascontiguousarray(words_EK[:, kind]) for kind in range(4))
    rng = np.random.default_rng(0)
    # Bands find much the same pairs: joined at once, they need a tenth of the memory; and most of what is left have
    # other silhouettes, which their bits tell in a hundredth of the time that it takes to look at pixels.
    found = np.zeros(0, np.int64)
    shapes_EW = shapes_VNW.reshape(-1, shapes_VNW.shape[2])
    for _ in range(_BANDS):
        for words in (light, structure):
            mask = np.uint64(sum(1 << int(bit) for bit in rng.choice(64, _BAND_BITS, replace=False)))
            pairs = _in_one_band(words & mask, words, silhouettes, areas)
            found = _joined(found, _useful(entries[pairs], count), shapes_EW)
        # Random offsets: what one rounding tears apart another keeps together.
        cells = ((colours_EC + rng.uniform(0, _COLOUR_STEP, 16)) // _COLOUR_STEP).astype(np.uint64)
        keys = (cells * rng.integers(1, 2**63, 16, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
        pairs = _in_one_band(keys, None, silhouettes, areas)
        found = _joined(found, _useful(entries[pairs], count), shapes_EW)
    return np.stack(np.divmod(found, _VIEWS * count), axis=1)


def _joined(found: I64, more: I64, shapes_EW: U64) -> I64:
    """Both lists of pairs without repeats; of the second, those with much the same silhouette."""
    same = [found]
    for start in range(0, len(more), _PAIRS):
        part = more[start : start + _PAIRS]
        first, second = np.divmod(part, len(shapes_EW))
        same.append(part[_same_silhouette(shapes_EW[first], shapes_EW[second])])
    return _distinct(np.concatenate(same))


def _same_silhouette(first_NW: U64, second_NW: U64) -> Bool:
    """The first test of `_alike`, on bits."""
    differing = np.bitwise_count(first_NW ^ second_NW).sum(axis=1, dtype=np.int64)
    area = np.maximum(np.bitwise_count(first_NW | second_NW).sum(axis=1, dtype=np.int64), 1)
    same: Bool = differing <= _SILHOUETTE * area
    return same


def _distinct(numbers: I64) -> I64:
    """Ascending, without repeats; by sorting, which is many times faster here than the hashes of `np.unique`."""
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _in_one_band(keys: U64, words: U64 | None, silhouettes: U64, areas: U64) -> I64:
    """Positions of pairs of one key that stand near each other when sorted, shape (pairs, 2)."""
    order = np.lexsort((silhouettes if words is None else words, areas, keys))
    keys, silhouettes, areas_E = keys[order], silhouettes[order], areas[order].astype(np.float32)
    words = None if words is None else words[order]
    found = [np.zeros((0, 2), np.int64)]
    for step in range(1, min(_WINDOW, len(order) - 1) + 1):
        at = np.flatnonzero(keys[step:] == keys[:-step])
        at = at[areas_E[at] >= areas_E[at + step] * np.float32(1 - _SILHOUETTE)]
        at = at[np.bitwise_count(silhouettes[at + step] ^ silhouettes[at]) <= _SILHOUETTE_BITS]
        if words is not None:
            at = at[np.bitwise_count(words[at + step] ^ words[at]) <= _HAMMING]
        found.append(np.stack([order[at], order[at + step]], axis=1))
    return np.concatenate(found)


def _useful(pairs: I64, count: int) -> I64:
    """Pairs as one number each, first · views · N + second, without pairs of a sprite with itself or both mirrored.

    The unmirrored one comes first, or the smaller number.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    kept = (first % count != second % count) & ((first < 2 * count) | (second < 2 * count))
    first, second = first[kept], second[kept]
    swap = (first >= 2 * count) | ((second < 2 * count) & (first % count > second % count))
    packed: I64 = np.where(swap, second, first) * (_VIEWS * count) + np.where(swap, first, second)
    return packed


# ---- comparison ----------------------------------------------------------------------------------


def _checked(sprites_NHWC: U8, pairs: I64, groups: Groups) -> list[tuple[int, int]]:
    """Compare candidates in random order, leaving out those that are connected already."""
    count = len(sprites_NHWC)
    pairs = pairs[np.random.default_rng(0).permutation(len(pairs))]
    found: list[tuple[int, int]] = []
    for start in range(0, len(pairs), _BATCH):
        block = pairs[start : start + _BATCH]
        apart = [groups.find(one) != groups.find(other) for one, other in (block % count).tolist()]
        block = block[apart]
        first, second = (_pixels(sprites_NHWC, block[:, side]) for side in (0, 1))
        for one, other in (block[_alike(first, second)] % count).tolist():
            groups.join(one, other)
            found.append((min(one, other), max(one, other)))
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
    area = np.maximum(((first_NHWC[..., 3] | second_NHWC[..., 3]) > 0).sum(axis=(1, 2)), 1)
    alike: Bool = _same_silhouette(_shapes(first_NHWC), _shapes(second_NHWC))
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
