"""Views of one sprite: against what the teacher itself sees, for all that may be drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import TeacherConfig
from lunar_studio.models.folding import folded
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.views import CHANNELS, Views, views_for

SIDE = 12
SMALL = {"channels": (4, 6), "first_stride": 1, "feature_dim": 4, "hidden_dim": 4, "embedding_dim": 4}
STEADY = TeacherConfig(image_channels=4, steady=True, craft_maps=True, **SMALL)  # type: ignore[arg-type]


def _meant(rgba_HWC: U8) -> torch.Tensor:
    """By the teacher, from the picture in the networks' form."""
    x_1CHW = SpriteVAE.prepare(_Form(), torch.from_numpy(rgba_HWC)[None])  # type: ignore[arg-type]
    return LunarMoETeacher(STEADY).eval().see(x_1CHW)


class _Form:
    image_size, image_channels = SIDE, 4


def _drawn(seed: int, colours: int, share: float, tall: int, wide: int) -> U8:
    """Pixels of chance in some corner of a sprite, the rest invisible but not without levels."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (colours, 4), np.uint8)
    rgba = palette[rng.integers(0, colours, (SIDE, SIDE))]
    rgba[..., 3] = 0
    top, left = rng.integers(0, SIDE - tall + 1), rng.integers(0, SIDE - wide + 1)
    rgba[top : top + tall, left : left + wide, 3] = 255 * (rng.random((tall, wide)) < share)
    return rgba


@given(st.integers(0, 2**20), st.integers(1, 40), st.floats(0.0, 1.0), st.integers(1, SIDE), st.integers(1, SIDE))
def test_views_are_what_the_teacher_sees(seed: int, colours: int, share: float, tall: int, wide: int) -> None:
    views = Views(SIDE)
    for sprite in (_drawn(seed, colours, share, tall, wide), _drawn(seed + 1, 3, 1.0, SIDE, SIDE)):
        seen = views.of(sprite)
        assert seen is not None
        assert seen.shape == (2, CHANNELS, SIDE, SIDE)
        torch.testing.assert_close(torch.from_numpy(seen), _meant(sprite), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("level", [0, 127, 255])
@pytest.mark.parametrize("alpha", [0, 255])
def test_flat_sprites_and_empty_ones_too(level: int, alpha: int) -> None:
    sprite = np.full((SIDE, SIDE, 4), level, np.uint8)
    sprite[..., 3] = alpha
    seen = Views(SIDE).of(sprite)
    assert seen is not None
    torch.testing.assert_close(torch.from_numpy(seen), _meant(sprite), atol=2e-6, rtol=1e-5)


def test_half_transparent_pixels_and_other_sizes_are_left_to_the_teacher() -> None:
    views, soft = Views(SIDE), _drawn(3, 5, 1.0, 6, 6)
    soft[0, 0, 3] = 128
    assert views.of(soft) is None
    assert views.of(soft[1:]) is None
    assert views.of(_drawn(3, 5, 1.0, 6, 6)) is not None


class _Other(LunarMoETeacher):
    """An extension's: it may see otherwise."""


def test_only_a_steady_teacher_of_ours_with_maps_and_alpha_has_views() -> None:
    assert views_for(folded(LunarMoETeacher(STEADY)), SIDE) is not None
    assert views_for(None, SIDE) is None
    assert views_for(_Other(STEADY), SIDE) is None
    for config in (
        TeacherConfig(image_channels=4, steady=True, **SMALL),  # type: ignore[arg-type]
        TeacherConfig(image_channels=4, craft_maps=True, **SMALL),  # type: ignore[arg-type]
        TeacherConfig(image_channels=3, steady=True, craft_maps=True, **SMALL),  # type: ignore[arg-type]
    ):
        assert views_for(LunarMoETeacher(config), SIDE) is None
