"""Contact sheets: sprites stand where they should, enlarged without smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.pixels.contact import contact_sheet
from lunar_studio.pixels.grid import enlarged
from tests.pixels.drawn import blob, texture


def test_opaque_sprites_are_copied_exactly() -> None:
    walls = [texture(seed, 16) for seed in range(5)]
    sheet = contact_sheet(walls, columns=3, scale=2)
    assert (sheet.width, sheet.height) == (3 * 36 + 4, 2 * 36 + 4)
    for number, wall in enumerate(walls):
        top, left = 4 + number // 3 * 36, 4 + number % 3 * 36
        assert np.array_equal(sheet.rgba_HWC[top : top + 32, left : left + 32], enlarged(wall, 2).rgba_HWC)
    assert (sheet.rgba_HWC[..., 3] == 255).all()


def test_sprites_of_several_sizes_stand_in_the_middle() -> None:
    sheet = contact_sheet([texture(1, 16), texture(2, 8)], columns=2)
    assert np.array_equal(sheet.rgba_HWC[8:16, 28:36], texture(2, 8).rgba_HWC)


def test_labels_are_drawn_below_and_cut_to_the_cell() -> None:
    sprites = [blob(1), blob(2)]
    plain = contact_sheet(sprites, columns=2)
    labelled = contact_sheet(sprites, columns=2, labels=["lich", "a very long name \u202e of a monster"])
    assert labelled.height == plain.height + 12
    assert np.array_equal(labelled.rgba_HWC[:36], plain.rgba_HWC[:36])
    ink = (labelled.rgba_HWC[37:47, :, :3] == (226, 228, 236)).all(axis=2)
    assert ink[:, 4:36].any()
    assert ink[:, 40:72].any()
    assert not ink[:, 73:].any()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="needs sprites"):
        contact_sheet([], columns=1)
    with pytest.raises(ValueError, match="labels"):
        contact_sheet([blob(1)], columns=1, labels=[])
    with pytest.raises(ValueError, match="at most"):
        contact_sheet([blob(1)], columns=1, scale=200)
