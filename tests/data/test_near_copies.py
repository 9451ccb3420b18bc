"""The search for near copies: it finds what the plain search finds, forgets nothing when killed, makes nothing up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.data import duplicates
from lunar_studio.data.duplicates import near_pairs
from lunar_studio.data.near import traits
from lunar_studio.data.near.candidates import numbered, same_silhouette, useful
from lunar_studio.data.near.comparing import by_notes, by_pixels
from lunar_studio.data.near.seen import Seen
from lunar_studio.data.near.traits import Layout, Records, traits_of
from lunar_studio.data.near.views import U64, VIEWS, views_of
from lunar_studio.data.split import families
from tests.data.plain_near_copies import alike, plain_families


def _art(size: int, count: int, seed: int) -> U8:
    """Drawings and copies of them, changed in every way and more or less; some opaque, some half transparent."""
    rng = np.random.default_rng(seed)
    art = np.zeros((count, size, size, 4), np.uint8)
    for at in range(count):
        if at and rng.random() < 0.7:
            sprite = art[rng.integers(at)].copy()
        else:
            blocks = rng.integers(0, 256, (-(-size // 4), -(-size // 4), 4), dtype=np.uint8)
            sprite = np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1)[:size, :size].copy()
            sprite[..., 3] = 255 if rng.random() < 0.4 else (sprite[..., 3] > 90) * rng.choice([255, 255, 128])
        if rng.random() < 0.3:
            sprite = np.roll(sprite, rng.integers(-2, 3, 2).tolist(), (0, 1))
        if rng.random() < 0.3:
            sprite = sprite[:, ::-1].copy()
        if rng.random() < 0.3:
            sprite[..., :3] = sprite[..., rng.permutation(3)] // 2 + rng.integers(0, 100)
        changed = rng.random((size, size)) < rng.choice([0, 0.02, 0.1, 0.15, 0.3])
        sprite[changed, :3] ^= rng.integers(0, 256, 3, dtype=np.uint8)
        sprite[sprite[..., 3] == 0] = 0
        art[at] = sprite
    return art


def _labels(art: U8) -> list[int]:
    labels: list[int] = families([()] * len(art), near_pairs(art).tolist()).tolist()
    return labels


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 20), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_it_finds_what_the_plain_search_finds(size: int, count: int, seed: int) -> None:
    art = _art(size, count, seed)
    assert _labels(art) == plain_families(art)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_notes_leave_out_no_pair_that_pixels_make_a_copy(size: int, seed: int) -> None:
    art = _art(size, 6, seed)
    entries = np.array(list(product(range(VIEWS * len(art)), repeat=2)))
    entries = entries[useful(entries[:, 0], entries[:, 1], len(art))]
    numbers = numbered(entries[:, 0], entries[:, 1], len(art))
    first, second = np.divmod(numbers, VIEWS * len(art))
    one, other = (views_of(art[side % len(art)], side // len(art)) for side in (first, second))
    with ThreadPoolExecutor(1) as threads:
        noted = traits_of(art, threads, None, lambda _done: None)
    views, sprites = np.divmod(np.stack([first, second]), len(art))
    near = same_silhouette(noted.visible(sprites[0], views[0]), noted.visible(sprites[1], views[1]))
    pairs = by_notes(noted, numbers[near])
    pairs = pairs[by_pixels(art, pairs)]
    found = pairs.views * len(art) + pairs.sprites
    copies = [alike(*pair) for pair in zip(one, other, strict=True)]
    assert found.tolist() == np.stack([first, second], axis=1)[copies].tolist()


@given(st.integers(2, 5000), st.lists(st.integers(0, 2**20), max_size=200), st.lists(st.integers(0, 2**20)))
def test_no_pair_is_taken_for_another(bound: int, some: list[int], more: list[int]) -> None:
    seen = Seen(bound, 1)
    first = np.array(sorted({number % bound**2 for number in some}), np.int64)
    second = np.array(sorted({number % bound**2 for number in more}), np.int64)
    assert seen.fresh(first).tolist() == first.tolist()
    fresh = set(seen.fresh(second).tolist())
    assert set(second.tolist()) - set(first.tolist()) <= fresh <= set(second.tolist())


def test_pairs_are_remembered_while_there_is_room() -> None:
    seen = Seen(4 * 2**20, 2**10)
    numbers = np.sort(np.random.default_rng(0).choice(2**44, 2**14, replace=False)).reshape(-1, 512)
    assert sum(len(seen.fresh(some)) for some in numbers) == 2**14
    # Two that ask for one place at a time cost one of them its place.
    assert sum(len(seen.fresh(some)) for some in numbers) < 2**14 // 20


_KILLED = """
import os, signal, sys
import numpy as np
from pathlib import Path
from lunar_studio.data import duplicates

duplicates.KEPT_FROM = 1
def step(part):
    if part >= float(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
duplicates.near_pairs(np.load(sys.argv[1]), shelf=Path(sys.argv[2]), step=step)
"""


@pytest.mark.parametrize("part", [0.2, 0.45, 0.9])
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
def test_a_search_that_was_killed_goes_on(part: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    art = np.concatenate([_art(16, 40, seed) for seed in range(40)])
    np.save(tmp_path / "art.npy", art)
    whole = near_pairs(art)
    shelf = tmp_path / "shelf"
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "art.npy"), str(shelf), str(part)]
    killed = subprocess.run(command, check=False, env=os.environ, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    noted: list[int] = []
    plain = traits._noted

    def counting(sprites_NHWC: U8, layout: Layout, start: int) -> tuple[Records, U64]:
        noted.append(len(sprites_NHWC))
        return plain(sprites_NHWC, layout, start)

    monkeypatch.setattr(traits, "_noted", counting)
    monkeypatch.setattr(duplicates, "KEPT_FROM", 1)
    parts: list[float] = []
    again = near_pairs(art, shelf=shelf, step=parts.append)
    assert again.tolist() == whole.tolist()
    assert sum(noted) < len(art)
    # No band that was done is gone through again; notes are a third of the work.
    assert min(one for one in parts if one >= 0.3) >= part - 0.05


def test_what_was_damaged_on_the_shelf_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    art = np.concatenate([_art(16, 40, seed) for seed in range(40)])
    monkeypatch.setattr(duplicates, "KEPT_FROM", 1)
    whole = near_pairs(art, shelf=tmp_path)
    (folder,) = tmp_path.iterdir()
    rng = np.random.default_rng(0)
    for path in folder.iterdir():
        raw = bytearray(path.read_bytes())
        raw[rng.integers(len(raw))] ^= 255
        path.write_bytes(raw[: rng.integers(len(raw) // 2, len(raw))] if rng.random() < 0.5 else raw)
    assert near_pairs(art, shelf=tmp_path).tolist() == whole.tolist()


def test_the_shelf_holds_one_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "KEPT_FROM", 1)
    for seed in range(2):
        near_pairs(_art(8, 20, seed), shelf=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_step_raises_ends_the_search() -> None:
    def step(part: float) -> None:
        if part > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        near_pairs(_art(8, 40, 0), step=step)
