"""What lies along a slider, with the real engine: the very sprites and scores that the canvas would show."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.track import STOPS, stops
from lunar_studio.explore.engine import Engine, load
from lunar_studio.explore.grooves import along, groove
from tests.explore.tiny_model import write_tiny_model

PAINTED = Overlay.painted([(3, 3), (4, 3)], (250, 10, 10, 255))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    write_tiny_model(path)
    return load(path)


@pytest.mark.parametrize("edits", [Overlay(), PAINTED])
def test_it_is_what_the_canvas_would_show(engine: Engine, edits: Overlay) -> None:
    latent, direction = engine.sample(1, seed=4)[0], engine.directions[0]
    found = groove(engine, latent, direction, edits)
    assert found.positions == stops()
    for position, sprite, score in zip(found.positions, found.sprites, found.scores, strict=True):
        shown = edits.over(engine.decode(direction.moved(latent, position)))
        assert sprite == shown
        assert score == engine.score(shown).value
    assert len({sprite.digest for sprite in found.sprites}) > 1, "the slider moves something"


def test_it_goes_in_steps_of_one_drawing_or_one_judgement(engine: Engine) -> None:
    latent, direction = engine.sample(1, seed=4)[0], engine.directions[0]
    steps = list(along(engine, latent, direction))
    assert len(steps) == 2 * STOPS + 1
    assert all(step is None for step in steps[:-1])
    assert steps[-1] is not None


def test_nothing_is_drawn_after_it_is_dropped(engine: Engine) -> None:
    class Counting:
        def __init__(self) -> None:
            self.drawn = 0

        def decode(self, latent: Latent) -> Sprite:
            self.drawn += 1
            return engine.decode(latent)

        def score(self, sprite: Sprite) -> Score:
            return engine.score(sprite)

    model = Counting()
    steps = along(model, engine.sample(1, seed=4)[0], engine.directions[0])
    for _ in range(3):
        next(steps)
    del steps
    assert model.drawn == 2


def test_without_a_teacher_there_are_sprites_and_no_scores(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "bare.safetensors", teacher=False)
    bare = load(tmp_path / "bare.safetensors")
    found = groove(bare, bare.sample(1, seed=1)[0], bare.directions[0])
    assert all(math.isnan(score) for score in found.scores)
    assert not found.has_scores
    assert len(found.sprites) == STOPS
