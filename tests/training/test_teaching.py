"""The teacher's lessons: experts come to differ, each in what it was taught, and words are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.data.dataset import Dataset
from lunar_studio.evaluation.critic import harmed
from lunar_studio.evaluation.judging import judge_all
from lunar_studio.models.losses import caption_loss, pairs_loss
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.alone import TeacherAlone
from lunar_studio.training.device import Plan
from lunar_studio.training.lessons import Lessons, training_captions
from lunar_studio.training.state import TrainState, new_state
from tests.training.small_art import small_dataset, tiny

PLAN = Plan(torch.device("cpu"), "fp32", "test")


def taught(dataset: Dataset, steps: int, **training: object) -> TrainState:
    config = tiny(max_steps=steps, teacher_mode="after", batch_size=16, teacher_learning_rate=3e-3, **training)
    state = new_state(config, PLAN)
    lessons = Lessons(dataset, Vocabulary.fit(training_captions(dataset), config.teacher.embedding_dim), config)
    lesson = TeacherAlone(state, lessons, PLAN)
    for index in range(lesson.steps):
        lesson.step(index)
    return state


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(small_dataset(tmp_path_factory.mktemp("art"), 48))


def test_experts_come_to_mind_the_damage_they_were_taught(dataset: Dataset) -> None:
    state = taught(dataset, 100)
    assert state.teacher is not None
    teacher, vae = state.teacher.eval(), state.vae.eval()
    sprites = np.ascontiguousarray(dataset.sprites_NHWC[dataset.indices("train")][:24])
    real = judge_all(teacher, vae, sprites)
    falls_FE = np.stack(
        [
            (real.experts_NE - judge_all(teacher, vae, harmed(sprites, family, 0.8)).experts_NE).mean(axis=0)
            for family in ("blur", "noise", "holes")
        ]
    )
    # The first expert was taught what blurs, the second what spoils colours, the last what frays the silhouette.
    above_FE = (falls_FE - falls_FE.mean(axis=1, keepdims=True)) / np.abs(falls_FE).mean(axis=1, keepdims=True)
    assert above_FE[0, 0] + above_FE[1, 1] + above_FE[2, 3] > 0.3


def test_without_lessons_of_their_own_experts_learn_only_through_the_whole(dataset: Dataset) -> None:
    untaught, lessons = taught(dataset, 2, expert_weight=0.0), taught(dataset, 2)
    one, other = (state.teacher for state in (untaught, lessons))
    assert one is not None
    assert other is not None
    assert not torch.equal(one.quality_head[0].weight, other.quality_head[0].weight)  # type: ignore[arg-type]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_pairs_are_all_pairs(better: list[float], worse: list[float]) -> None:
    found = pairs_loss(torch.tensor(better), torch.tensor(worse), 1.0)
    expected = np.mean([np.log1p(np.exp(1.0 - (b - w))) for b in better for w in worse])
    assert float(found) == pytest.approx(float(expected), rel=1e-4, abs=1e-6)


def test_the_right_caption_costs_least_and_no_caption_nothing() -> None:
    captions = torch.nn.functional.normalize(torch.randn(7, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    right = float(caption_loss(captions[:3] * 4.0, captions[:3], captions))
    wrong = float(caption_loss(captions[3:6], captions[:3], captions))
    assert right < wrong
    assert float(caption_loss(captions[:3], torch.zeros(3, 5), captions)) == 0.0
    assert float(caption_loss(captions[:3], captions[:3], captions[:0])) == 0.0
