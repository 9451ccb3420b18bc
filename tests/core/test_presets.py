"""Presets and configurations: the founding document's numbers, and values that are refused."""

import msgspec
import pytest

from lunar_studio.core.config import ClassicVaeConfig, RunConfig, SpriteVaeConfig, TeacherConfig, TrainingConfig
from lunar_studio.core.presets import DEFAULT_PRESET, PRESETS, preset
from lunar_studio.errors import ConfigError


def test_the_classic_preset_is_the_document() -> None:
    config = preset("classic-128")
    assert config.vae == ClassicVaeConfig(
        image_size=128,
        image_channels=3,
        latent_dim=256,
        encoder_channels=(64, 128, 256, 512),
        kernel_size=4,
        stride=2,
        padding=1,
        activation="relu",
    )
    training = config.training
    assert (training.batch_size, training.learning_rate, training.teacher_learning_rate) == (32, 1e-4, 2e-4)
    assert (training.kl_weight, training.quality_weight, training.weight_decay) == (0.01, 1.0, 1e-6)
    assert (config.teacher.num_experts, config.teacher.embedding_dim) == (4, 64)


def test_the_documents_other_kernel_is_a_preset() -> None:
    other = preset("classic-128-k3")
    assert isinstance(other.vae, ClassicVaeConfig)
    assert other.vae.kernel_size == 3


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_knows_its_name(name: str) -> None:
    assert preset(name).preset == name


def test_the_default_preset_draws_transparent_sprites() -> None:
    config = preset(DEFAULT_PRESET)
    assert isinstance(config.vae, SpriteVaeConfig)
    assert config.teacher.image_channels == 4


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_sprite_presets_keep_latents_of_like_size(size: int) -> None:
    vae = preset(f"sprite-{size}").vae
    assert isinstance(vae, SpriteVaeConfig)
    assert vae.image_size == size
    assert vae.cells == min(8, size // 4)
    assert vae.detail_side == min(16, size // 2)
    assert vae.latent_dim < 2000


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'sprite-33'") as caught:
        preset("sprite-33")
    assert "sprite-32" in caught.value.hint


def test_presets_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PRESETS["mine"] = preset("tiny")  # type: ignore[index]
    with pytest.raises(AttributeError):
        preset("tiny").training.batch_size = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("owner", "values"),
    [
        (ClassicVaeConfig, {"family": "classic", "image_size": 4}),
        (ClassicVaeConfig, {"family": "classic", "encoder_channels": []}),
        (ClassicVaeConfig, {"family": "sprite"}),
        (TeacherConfig, {"image_channels": 2}),
        (TrainingConfig, {"quality_target": 1.0}),
        (TrainingConfig, {"device": "cuda:x"}),
        (RunConfig, {}),
    ],
)
def test_values_out_of_range_are_refused(owner: type, values: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(values, owner)
