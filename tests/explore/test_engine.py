"""The engine on a real model file: what it draws, judges, invents and encodes."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.config import ClassicVaeConfig, RunConfig, TeacherConfig
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ModelFileError
from lunar_studio.explore.engine import BATCH, Engine, load
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import describe
from lunar_studio.session.ports import Explorer, ExplorerLoader
from tests.explore.tiny_model import tiny_bundle, write_tiny_model

LATENTS = st.lists(st.floats(-8, 8, width=32), min_size=140, max_size=140).map(
    lambda values: Latent(np.array(values, np.float32))
)


def _engine(bundle: ModelBundle) -> Engine:
    return Engine(bundle, describe(bundle, "0" * 64))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    write_tiny_model(path)
    return load(path)


def test_engine_is_the_explorer_that_the_window_asks_for(engine: Engine) -> None:
    loader: ExplorerLoader = load
    explorer: Explorer = engine
    assert explorer.info.preset == "tiny"
    assert explorer.info.latent_dim == 3 * 4 + 4 * 4 * 4 + 8 * 8 * 1
    assert [direction.id for direction in explorer.directions] == ["shape/0", "shape/1", "colour/0"]
    with pytest.raises(ModelFileError, match="no model file"):
        loader(Path("nowhere.safetensors"))


def test_decode_draws_what_the_network_renders(tmp_path: Path) -> None:
    bundle = write_tiny_model(tmp_path / "m.safetensors")
    engine = load(tmp_path / "m.safetensors")
    latents = engine.sample(20, seed=3)
    rows = torch.from_numpy(np.stack([latent.values_L for latent in latents]))
    # The file holds matrices as float16, so the networks to compare with are those read back.
    with torch.no_grad():
        expected = engine.bundle.vae.render(rows).numpy()
    assert bundle.vae is not engine.bundle.vae
    for latent, pixels in zip(latents, expected, strict=True):
        assert engine.decode(latent) == Sprite(pixels)


@given(LATENTS)
def test_every_latent_draws_an_indexed_sprite(engine: Engine, latent: Latent) -> None:
    sprite = engine.decode(latent)
    assert sprite.rgba_HWC.shape == (16, 16, 4)
    assert set(np.unique(sprite.rgba_HWC[..., 3])) <= {0, 255}
    assert sprite.colour_count() <= 4


def test_different_latents_draw_different_sprites(engine: Engine) -> None:
    assert len({engine.decode(latent) for latent in engine.sample(10, seed=0)}) == 10


def test_decode_refuses_a_latent_of_another_model(engine: Engine) -> None:
    with pytest.raises(ValueError, match="3 numbers does not fit a model of 140"):
        engine.decode(Latent(np.zeros(3)))
    with pytest.raises(ValueError, match="does not fit"):
        engine.decode_many([Latent(np.zeros(140)), Latent(np.zeros(139))])


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 5])
def test_decoding_many_gives_as_many_as_asked_in_order(engine: Engine, count: int) -> None:
    latents = engine.sample(count, seed=1)
    assert engine.decode_many(latents) == tuple(engine.decode(latent) for latent in latents)


def test_a_sprite_does_not_depend_on_its_company(engine: Engine) -> None:
    latents = engine.sample(40, seed=5)
    sprites = engine.decode_many(latents)
    assert engine.decode_many(latents[:3]) == sprites[:3]
    lonely = engine.score_many(sprites)[1]
    assert engine.score_many(sprites[:2])[1] == lonely, "to the last bit: batches have one size"
    assert engine.score(sprites[1]).value == pytest.approx(lonely.value, abs=1e-2)


def test_score_is_a_percentile_with_one_entry_for_each_expert(engine: Engine) -> None:
    for sprite in engine.decode_many(engine.sample(8, seed=2)):
        score = engine.score(sprite)
        assert 0.0 <= score.value <= 100.0
        assert [expert.name for expert in score.experts] == ["outline", "palette", "silhouette", "clusters"]
        assert sum(expert.gate for expert in score.experts) == pytest.approx(1.0, abs=1e-5)
        assert all(0.0 <= expert.value <= 100.0 for expert in score.experts)


def test_scores_follow_the_teacher(engine: Engine) -> None:
    sprites = engine.decode_many(engine.sample(32, seed=4))
    teacher = engine.bundle.teacher
    assert teacher is not None
    with torch.no_grad():
        logits = [float(teacher(engine.bundle.vae.prepare(torch.tensor(s.rgba_HWC[None]))).logit_B) for s in sprites]
    by_logit = np.argsort(logits)
    values = np.array([score.value for score in engine.score_many(sprites)])[by_logit]
    assert (np.diff(values) >= -1e-3).all(), "a higher logit never scores lower"
    assert values[-1] > values[0]


def test_a_model_without_a_teacher_says_that_it_has_no_score() -> None:
    engine = _engine(tiny_bundle(teacher=False))
    sprite = engine.decode(engine.sample(1, seed=0)[0])
    for score in (engine.score(sprite), *engine.score_many([sprite, sprite])):
        assert math.isnan(score.value)
        assert score.experts == ()
    assert engine.nearest_words(sprite) == ()


def test_sampling_is_repeatable_and_grows_without_changing(engine: Engine) -> None:
    few, again, many = (engine.sample(count, seed=7) for count in (4, 4, 30))
    assert few == again
    assert engine.sample(4, seed=8) != few
    for short, long in zip(few, many, strict=False):
        np.testing.assert_allclose(short.values_L, long.values_L, atol=1e-5)


def test_words_and_temperature_steer(engine: Engine) -> None:
    plain, red, unknown = (engine.sample(2, seed=1, prompt=prompt) for prompt in ("", "red dragon", "zeppelin"))
    assert red != plain
    assert unknown == plain, "a word that the model does not know cannot steer"
    assert engine.unknown_words("red zeppelin of doom") == ("zeppelin", "doom")
    assert "potion" in engine.words
    cold, hot = (
        np.std([latent.values_L for latent in engine.sample(50, seed=1, temperature=temperature)])
        for temperature in (0.1, 2.0)
    )
    assert cold < hot


@pytest.mark.parametrize(("count", "seed", "temperature"), [(-1, 0, 1.0), (1, -1, 1.0), (1, 0, 0.0), (1, 0, math.nan)])
def test_sampling_refuses_nonsense(engine: Engine, count: int, seed: int, temperature: float) -> None:
    with pytest.raises(ValueError, match="cannot sample"):
        engine.sample(count, seed=seed, temperature=temperature)


def test_encode_gives_the_posterior_mean(engine: Engine) -> None:
    sprites = engine.decode_many(engine.sample(18, seed=9))
    with torch.no_grad():
        x_BCHW = engine.bundle.vae.prepare(torch.from_numpy(np.stack([sprite.rgba_HWC for sprite in sprites])))
        expected = engine.bundle.vae.encode(x_BCHW)[0].numpy()
    many = engine.encode_many(sprites)
    assert len(many) == 18
    for index, sprite in enumerate(sprites):
        np.testing.assert_allclose(engine.encode(sprite).values_L, expected[index], atol=1e-4)
        np.testing.assert_allclose(many[index].values_L, expected[index], atol=1e-4)
    assert engine.encode_many([]) == ()


def test_a_sprite_of_another_size_is_fitted_and_the_note_says_how(engine: Engine) -> None:
    small = np.zeros((8, 12, 4), np.uint8)
    small[2:6, 3:9] = (200, 40, 10, 255)
    padded = np.zeros((16, 16, 4), np.uint8)
    padded[4:12, 2:14] = small
    fitted = engine.fitted(Sprite(small))
    assert fitted.sprite == Sprite(padded)
    assert "padded to 16 × 16" in fitted.note
    assert engine.score(Sprite(small)) == engine.score(Sprite(padded))
    assert engine.encode(Sprite(small)) == engine.encode(Sprite(padded))


def test_nearest_words_are_the_models_own_best_first(engine: Engine) -> None:
    found = engine.nearest_words(engine.decode(engine.sample(1, seed=0)[0]), count=3)
    assert len(found) == 3
    assert {word for word, _ in found} <= set(engine.words)
    assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)


def _classic(size: int, channels: int) -> RunConfig:
    return RunConfig(
        preset="classic-test",
        vae=ClassicVaeConfig(image_size=size, image_channels=channels, latent_dim=8, encoder_channels=(4, 8)),  # type: ignore[arg-type]
        teacher=TeacherConfig(
            image_channels=channels,  # type: ignore[arg-type]
            channels=(4, 8),
            num_experts=2,
            feature_dim=8,
            embedding_dim=8,
            hidden_dim=8,
        ),
    )


@pytest.mark.parametrize("channels", [3, 4])
def test_the_documents_family_plays_too(channels: int) -> None:
    engine = _engine(tiny_bundle(config=_classic(64, channels)))
    sprite = engine.decode(engine.sample(1, seed=0)[0])
    assert (sprite.width, sprite.height) == (64, 64)
    assert channels == 4 or (sprite.rgba_HWC[..., 3] == 255).all()
    assert len(engine.score(sprite).experts) == 2
    assert len(engine.encode(sprite)) == 8
    assert len(engine.raw_directions) == 8


def _dot(side: int) -> Sprite:
    rgba_HWC = np.zeros((side, side, 4), np.uint8)
    rgba_HWC[5, 7] = 255
    return Sprite(rgba_HWC)


def test_small_art_is_enlarged_for_the_documents_family_as_in_training() -> None:
    engine = _engine(tiny_bundle(config=_classic(64, 3)))
    fitted = engine.fitted(_dot(16))
    assert np.array_equal(fitted.sprite.rgba_HWC, _dot(16).rgba_HWC.repeat(4, axis=0).repeat(4, axis=1))
    assert fitted.note == "enlarged 4 times to 64 × 64"
    assert engine.fitted(_dot(24)).note == "padded to 64 × 64", "24 does not divide 64"


@pytest.mark.parametrize(("told", "art_px"), [(8, 8), (7, 16), (-8, 16), (32, 16), ("8", 16), (None, 16)])
def test_the_size_of_its_art_is_believed_only_if_it_divides_its_own(told: object, art_px: int) -> None:
    bundle = dataclasses.replace(tiny_bundle(), card={"art_px": told})
    assert _engine(bundle).art_px == art_px


def test_odd_art_is_fitted_to_the_size_it_learned_from_and_then_enlarged() -> None:
    engine = _engine(dataclasses.replace(tiny_bundle(), card={"art_px": 8}))
    fitted = engine.fitted(Sprite(np.full((4, 6, 4), 255, np.uint8)))
    assert (fitted.sprite.width, fitted.sprite.height) == (16, 16)
    assert fitted.note == "padded to 8 × 8, enlarged 2 times to 16 × 16"


def test_the_engine_leaves_torch_as_it_found_it(engine: Engine) -> None:
    threads = torch.get_num_threads()
    engine.decode(engine.sample(1, seed=0)[0])
    with pytest.raises(ValueError, match="does not fit"):
        engine.decode(Latent(np.zeros(1)))
    assert torch.get_num_threads() == threads
    assert not torch.is_inference_mode_enabled()


def test_another_process_draws_the_same_bytes(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "m.safetensors")
    script = (
        "import sys, hashlib; from pathlib import Path; from lunar_studio.explore.engine import load;"
        "e = load(Path(sys.argv[1])); z = e.sample(20, seed=11);"
        "print(hashlib.sha256(b''.join(s.rgba_HWC.tobytes() for s in e.decode_many(z))).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m.safetensors")],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    engine = load(tmp_path / "m.safetensors")
    here = hashlib.sha256(b"".join(s.rgba_HWC.tobytes() for s in engine.decode_many(engine.sample(20, seed=11))))
    assert run.stdout.strip() == here.hexdigest()


def test_fits_are_told_in_batches_and_alone(engine: Engine) -> None:
    sprites = engine.decode_many(engine.sample(20, seed=3))
    fits = engine.fits(sprites, "red dragon")
    assert len(fits) == 20
    assert all(math.isfinite(fit) for fit in fits)
    assert fits[17] == pytest.approx(engine.fits(sprites[17:18], "red dragon")[0], abs=1e-5)
    nearest = dict(engine.nearest_words(sprites[0], count=len(engine.words)))
    assert engine.fits(sprites[:1], "dragon")[0] == pytest.approx(nearest["dragon"], abs=1e-5)
    assert all(math.isnan(fit) for fit in engine.fits(sprites[:2], "zebra"))
    table = engine.fits_all(sprites[:3], ["dragon", "zebra", "red dragon"])
    assert table.shape == (3, 3)
    assert np.isnan(table[:, 1]).all()
    assert table[:, 2].tolist() == pytest.approx(fits[:3], abs=1e-5)
    assert all(math.isnan(fit) for fit in _engine(tiny_bundle(teacher=False)).fits(sprites[:2], "dragon"))


def test_opening_and_drawing_leave_the_generator_of_a_training_alone(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "m.safetensors")
    before = torch.get_rng_state()
    engine = load(tmp_path / "m.safetensors")
    engine.score(engine.decode(engine.sample(1, seed=3)[0]))
    assert torch.equal(torch.get_rng_state(), before)
