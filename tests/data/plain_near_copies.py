"""The search for near copies as it was first written: plain, and comparing every candidate pixel by pixel.

What `lunar_studio.data.duplicates` finds is held against it. Made for dozens of sprites, not for thousands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.data.split import families

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


def plain_families(sprites_NHWC: U8) -> list[int]:
    """The family of each sprite, where near copies and nothing else make families."""
    count = len(sprites_NHWC)
    views_VNHWC = _views(sprites_NHWC)
    pairs = _recoloured(views_VNHWC)
    for first, second in _candidates(views_VNHWC):
        (view, one), (other_view, other) = divmod(first, count), divmod(second, count)
        if alike(views_VNHWC[view, one], views_VNHWC[other_view, other]):
            pairs.append((one, other))
    labels: list[int] = families([()] * count, pairs).tolist()
    return labels


def alike(first_HWC: U8, second_HWC: U8) -> bool:
    """Whether two pictures are near copies as they stand."""
    first, second = first_HWC[None], second_HWC[None]
    one, other = first[..., 3] > 0, second[..., 3] > 0
    area = max(int((one | other).sum()), 1)
    if (one ^ other).sum() > 0.08 * area:
        return False
    apart = np.abs(first.astype(np.int64) - second)
    if (apart > 24).any(axis=3).sum() <= 0.14 * area:
        return True
    differing, present = 0, 0
    for mine, yours in zip(_edges(first), _edges(second), strict=True):
        differing += int((mine ^ yours).sum())
        present += int((mine | yours).sum())
    if differing <= 0.15 * present and present <= 0.78 * 2 * area:
        return True
    both = one & other
    number = np.float32(max(int(both.sum()), 1))
    lights = []
    for pixels in (first, second):
        light = _light(pixels) * both
        lights.append((light - light.sum() / number) * both)
    power = np.sqrt((lights[0] ** 2).sum() * (lights[1] ** 2).sum())
    return bool((lights[0] * lights[1]).sum() >= 0.955 * max(power, 9.0 * number))


def _views(sprites_NHWC: U8) -> U8:
    mirrored = sprites_NHWC[:, :, ::-1]
    centred, centred_mirrored = (np.stack([_centred(one) for one in some]) for some in (sprites_NHWC, mirrored))
    return np.stack([sprites_NHWC, centred, mirrored, centred_mirrored])


def _centred(sprite_HWC: U8) -> U8:
    rows, columns = np.nonzero(sprite_HWC[..., 3])
    size = len(sprite_HWC)
    if len(rows) in (0, size**2):
        # Nothing to be moved, and nowhere to move it to.
        return sprite_HWC
    down, right = (int(np.floor((size - 1) / 2 - places.sum() / len(places) + 0.4999)) for places in (rows, columns))
    moved = np.zeros_like(sprite_HWC)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if 0 <= row + down < size and 0 <= column + right < size:
            moved[row + down, column + right] = sprite_HWC[row, column]
    return moved


def _light(sprites_NHWC: U8) -> F32:
    values = sprites_NHWC.astype(np.float32)
    lightness = values[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    share = values[..., 3] / np.float32(255)
    light: F32 = lightness * share + np.float32(128) * (np.float32(1) - share)
    return light


def _edges(sprites_NHWC: U8) -> tuple[Bool, Bool]:
    across, down = (np.zeros(sprites_NHWC.shape[:3], np.bool_) for _ in range(2))
    across[:, :, :-1] = (sprites_NHWC[:, :, 1:] != sprites_NHWC[:, :, :-1]).any(axis=3)
    down[:, :-1] = (sprites_NHWC[:, 1:] != sprites_NHWC[:, :-1]).any(axis=3)
    return across, down


def _shrunk(values_NHW: F32, rows: int, columns: int) -> F32:
    _, height, width = values_NHW.shape
    tops, lefts = np.arange(rows) * height // rows, np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(values_NHW, tops, axis=1), lefts, axis=2)
    heights, widths = (np.maximum(np.diff(starts, append=end), 1) for starts, end in ((tops, height), (lefts, width)))
    shrunk: F32 = sums / (heights[:, None] * widths[None, :]).astype(np.float32)
    return shrunk


def _word(bits_NRC: Bool) -> U64:
    word: U64 = np.packbits(bits_NRC.reshape(len(bits_NRC), 64), axis=1).view(np.uint64)[:, 0]
    return word


def _hashes(sprites_NHWC: U8) -> tuple[U64, U64, U64, U64]:
    visible = sprites_NHWC[..., 3] > 0
    light = _shrunk(_light(sprites_NHWC), 8, 9)
    across, down = _edges(sprites_NHWC)
    density = _shrunk(across + down.astype(np.float32) + np.float32(0.5) * visible, 8, 9)
    return (
        _word(light[:, :, 1:] > light[:, :, :-1] + np.float32(1)),
        _word(density[:, :, 1:] > density[:, :, :-1] + np.float32(0.02)),
        _word(_shrunk(visible.astype(np.float32), 8, 8) > np.float32(0.5)),
        visible.sum(axis=(1, 2)).astype(np.uint64),
    )


def _colours(sprites_NHWC: U8) -> F32:
    alpha = sprites_NHWC[..., 3].astype(np.float32)
    share = alpha / np.float32(255)
    channels = [*(sprites_NHWC[..., channel] * share for channel in range(3)), alpha]
    return np.concatenate([_shrunk(channel, 2, 2).reshape(-1, 4) for channel in channels], axis=1)


def _candidates(views_VNHWC: U8) -> set[tuple[int, int]]:
    count = views_VNHWC.shape[1]
    hashes_VKN = np.stack([np.stack(_hashes(view_NHWC)) for view_NHWC in views_VNHWC])
    colours_EC = np.concatenate([_colours(view_NHWC) for view_NHWC in views_VNHWC])
    entries = [
        view * count + at
        for view in range(4)
        for at in range(count)
        if view % 2 == 0 or (hashes_VKN[view, :, at] != hashes_VKN[view - 1, :, at]).any()
    ]
    light, structure, silhouettes, areas = (hashes_VKN[:, kind].reshape(-1)[entries] for kind in range(4))
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(14):
        for words in (light, structure):
            mask = np.uint64(sum(1 << int(bit) for bit in rng.choice(64, 16, replace=False)))
            found |= _in_one_band(words & mask, words, silhouettes, areas)
        cells = ((colours_EC[entries] + rng.uniform(0, 40.0, 16)) // 40.0).astype(np.uint64)
        keys = (cells * rng.integers(1, 2**63, 16, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
        found |= _in_one_band(keys, None, silhouettes, areas)
    pairs = {(entries[one], entries[other]) for one, other in found}
    return {(a, b) for a, b in pairs if a % count != b % count and min(a, b) < 2 * count}


def _in_one_band(keys: U64, words: U64 | None, silhouettes: U64, areas: U64) -> set[tuple[int, int]]:
    order = np.lexsort((silhouettes if words is None else words, areas, keys)).tolist()
    found = set()
    for step in range(1, 17):
        for one, other in zip(order, order[step:], strict=False):
            if keys[one] != keys[other] or areas[one] < np.float32(areas[other]) * np.float32(0.92):
                continue
            if int(silhouettes[one] ^ silhouettes[other]).bit_count() > 4:
                continue
            if words is None or int(words[one] ^ words[other]).bit_count() <= 13:
                found.add((one, other))
    return found


def _recoloured(views_VNHWC: U8) -> list[tuple[int, int]]:
    first_with: dict[tuple[int, ...], int] = {}
    pairs = []
    for view in (1, 3):
        for at, sprite_HWC in enumerate(views_VNHWC[view]):
            names: dict[int, int] = {0: -1}
            numbers = np.ascontiguousarray(sprite_HWC).view(np.uint32).reshape(-1).tolist()
            key = tuple(names.setdefault(colour, len(names)) for colour in numbers)
            if (first := first_with.setdefault(key, at)) != at:
                pairs.append((first, at))
    return pairs
