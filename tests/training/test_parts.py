"""Schedules, plan, batches of lessons, directions, finishing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from lunar_studio.core.config import TrainingConfig
from lunar_studio.core.latent import Latent
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import ConfigError
from lunar_studio.evaluation.judging import judge_all
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.losses import balance_loss, ranking_loss
from lunar_studio.models.words import Vocabulary
from lunar_studio.pixels import damage
from lunar_studio.training import device, schedules
from lunar_studio.training.alone import PriorAlone, TeacherAlone
from lunar_studio.training.collapse import PATIENCE_STEPS, CollapseWatch
from lunar_studio.training.device import Plan, candidates, choose_device, choose_plan
from lunar_studio.training.directions import find_directions, picture_properties
from lunar_studio.training.finish import JUDGED_AS, KINDS, encode_all, model_name, name_experts, read_teacher
from lunar_studio.training.lessons import Lessons, damaged_pairs, training_captions
from lunar_studio.training.state import new_state
from tests.training.small_art import draw, small_dataset, tiny

CPU = torch.device("cpu")


def test_schedules_rise_and_fall_where_the_configuration_says() -> None:
    config = tiny(
        max_steps=1000,
        warmup_steps=10,
        learning_rate_schedule="cosine",
        kl_weight=0.5,
        kl_warmup_share=0.1,
        quality_weight=2.0,
        quality_start_share=0.2,
    ).training
    assert schedules.rate_factor(config, 0) == pytest.approx(0.1, rel=1e-3)
    assert schedules.rate_factor(config, 500) == pytest.approx(0.01 + 0.99 * 0.5, rel=1e-6)
    assert schedules.rate_factor(config, 1000) == pytest.approx(0.01)
    unplanned = msgspec.structs.replace(config, max_steps=0)  # measured in minutes, before its steps are known
    assert schedules.rate_factor(unplanned, 0) == pytest.approx(0.1)
    assert [schedules.kl_weight(config, step) for step in (0, 50, 100, 900)] == [0.0, 0.25, 0.5, 0.5]
    assert [schedules.quality_weight(config, step) for step in (0, 200, 300, 400, 900)] == [0.0, 0.0, 1.0, 2.0, 2.0]


def test_weights_without_a_ramp_count_from_the_first_step() -> None:
    config = tiny(kl_warmup_share=0.0, quality_start_share=0.0, quality_weight=1.0, kl_weight=0.5).training
    assert (schedules.kl_weight(config, 0), schedules.quality_weight(config, 0)) == (0.5, 1.0)


def test_the_fastest_precision_is_taken_and_the_reason_names_the_figures() -> None:
    config = tiny().training
    timed: list[str] = []

    def time_step(plan: Plan) -> Callable[[], None]:
        timed.append(plan.precision)
        return lambda: None

    plan = choose_plan(config, time_step)
    assert timed == ["fp32"]
    assert plan.precision == "fp32"
    assert "fp32" in plan.reason
    assert plan.memory_format == torch.contiguous_format


def test_slow_precisions_are_judged_by_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    taken: dict[str, int] = {}
    costs_s = {"fp32": 5.0, "bf16": 2.0}

    def timing(plan: Plan) -> Callable[[], None]:
        def step() -> None:
            nonlocal clock
            clock += costs_s[plan.precision]
            taken[plan.precision] = taken.get(plan.precision, 0) + 1

        return step

    monkeypatch.setattr(device, "candidates", lambda _device: ("fp32", "bf16"))
    monkeypatch.setattr("lunar_studio.training.device.time.perf_counter", lambda: clock)
    plan = device.choose_plan(TrainingConfig(), timing)
    assert (plan.precision, plan.step_s) == ("bf16", 2.0)
    assert plan.reason == "measured a step on this machine: fp32 5000 ms, bf16 2000 ms"
    assert taken == {"bf16": 2, "fp32": 1}, "one step shows that it is over twice as slow"
    costs_s |= {"fp32": 0.01, "bf16": 0.02}
    taken.clear()
    assert device.choose_plan(TrainingConfig(), timing).precision == "fp32"
    assert taken == {"bf16": 1 + device.PROBE_STEPS, "fp32": 1 + device.PROBE_STEPS}


def test_bf16_is_only_tried_where_the_processor_has_it() -> None:
    capable = torch.cpu.get_capabilities()
    native = any(capable.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    assert candidates(CPU) == (("fp32", "bf16") if native else ("fp32",))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_without_a_device_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match="no CUDA device"):
        choose_device(TrainingConfig(device="cuda"))


def test_damaged_pairs_are_pure_in_their_stream_and_the_second_is_worse() -> None:
    sprites = np.stack([draw(index) for index in range(64)])
    mild, bad, harm = damaged_pairs(sprites, np.random.default_rng(3))
    again = damaged_pairs(sprites, np.random.default_rng(3))
    assert np.array_equal(mild, again[0])
    assert np.array_equal(bad, again[1])
    assert np.array_equal(harm, again[2])
    assert set(harm.tolist()) <= set(range(len(damage.FAMILIES)))

    def error(other: np.ndarray) -> float:
        return float(np.abs(other.astype(int) - sprites).mean())

    assert error(bad) > error(mild) > 0


def test_every_family_of_damage_has_a_name_for_experts() -> None:
    assert set(JUDGED_AS) == set(damage.FAMILIES)
    assert len(set(JUDGED_AS.values())) == len(JUDGED_AS)
    assert [family for families in KINDS.values() for family in families] == list(damage.FAMILIES)


def test_experts_are_named_differently_and_reproducibly() -> None:
    state = new_state(tiny(), Plan(CPU, "fp32", "test"))
    teacher = state.teacher
    assert teacher is not None
    teacher.eval()
    sprites = np.stack([draw(index) for index in range(8)])
    logits = torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    names = name_experts(teacher, state.vae.eval(), sprites, logits)
    assert len(set(names)) == 4
    assert names == name_experts(teacher, state.vae, sprites, logits)
    assert set(names) == set(KINDS)


def test_directions_are_orthonormal_ordered_and_described_by_the_art() -> None:
    torch.manual_seed(0)
    vae: LatentModel = new_state(tiny(), Plan(CPU, "fp32", "test")).vae.eval()
    sprites = np.stack([draw(index) for index in range(60)])
    mu = encode_all(vae, sprites)
    directions = find_directions(vae, mu, sprites)
    axes = np.stack([direction.axis_L for direction in directions])
    assert np.allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-4)
    for group in ("shape", "colour"):
        shares = [direction.share for direction in directions if direction.group == group]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1.0)
    for direction in directions:
        positions = [direction.position(Latent(row.numpy())) for row in mu]
        assert np.mean(positions) == pytest.approx(0.0, abs=1e-2)
        assert np.std(positions, ddof=1) == pytest.approx(1.0, abs=2e-2)
    assert len({direction.name for direction in directions}) == len(directions)
    colour = [direction for direction in directions if direction.group == "colour"]
    assert all(not direction.axis_L[vae.palette_dim :].any() for direction in colour)


def test_picture_properties_mean_what_their_names_say() -> None:
    tall, wide = np.zeros((16, 16, 4), np.uint8), np.zeros((16, 16, 4), np.uint8)
    tall[2:14, 7:9] = (250, 40, 30, 255)
    wide[12:14, 2:14] = (20, 40, 90, 255)
    properties = picture_properties(np.stack([tall, wide]))
    for name, more, less in (("upright", 0, 1), ("low", 1, 0), ("warm", 0, 1), ("light", 0, 1), ("vivid", 0, 1)):
        assert properties[name][more] > properties[name][less], name
    assert properties["bulk"][0] == pytest.approx(24 / 256)


def test_ranking_prefers_the_better_one() -> None:
    better, worse = torch.tensor([2.0]), torch.tensor([0.0])
    assert ranking_loss(better, worse) < ranking_loss(worse, better)


def test_a_state_from_another_configuration_is_refused(tmp_path: Path) -> None:
    del tmp_path
    state = new_state(tiny(), Plan(CPU, "fp32", "test"))
    other = new_state(tiny(teacher_mode="off"), Plan(CPU, "fp32", "test"))
    with pytest.raises((KeyError, RuntimeError, ValueError)):
        state.restore(other.tensors(), other.scalars())


def test_a_model_is_called_after_its_run(tmp_path: Path) -> None:
    dataset = Dataset.open(small_dataset(tmp_path, 12))
    assert model_name(dataset, Path("runs/dungeon-32")) == "Dungeon 32"
    assert model_name(dataset, Path("runs/My_cats")) == "My cats"


def test_the_prior_learns_alone_on_latents_that_no_longer_move(tmp_path: Path) -> None:
    dataset = Dataset.open(small_dataset(tmp_path, 24))
    config = tiny(max_steps=200)
    plan = Plan(CPU, "fp32", "test")
    state = new_state(config, plan)
    lesson = PriorAlone(state, dataset, Vocabulary.fit(training_captions(dataset), config.teacher.embedding_dim), plan)
    shares = list(lesson.prepare())
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    losses = [lesson.step(index) for index in range(lesson.steps)]
    assert lesson.steps == 80
    assert sum(losses[-10:]) < sum(losses[:10])
    mu = encode_all(state.kept_vae, dataset.sprites_NHWC[dataset.indices("train")])
    assert torch.allclose(state.kept_prior.mean_I, mu[:, : state.vae.invented_dim].mean(dim=0), atol=0.2)


def test_the_teacher_learns_alone_to_rank_damage(tmp_path: Path) -> None:
    dataset = Dataset.open(small_dataset(tmp_path, 24))
    config = tiny(max_steps=60, teacher_mode="after")
    plan = Plan(CPU, "fp32", "test")
    state = new_state(config, plan)
    lessons = Lessons(dataset, Vocabulary.fit(training_captions(dataset), config.teacher.embedding_dim), config)
    assert len(lessons.batch(0, plan).lesson) == 0, "it does not learn beside the VAE"
    assert len(lessons.lesson(0, plan)) == config.training.batch_size
    lesson = TeacherAlone(state, lessons, plan)
    losses = [lesson.step(index) for index in range(lesson.steps)]
    assert lesson.steps == 60
    assert sum(losses[-10:]) < sum(losses[:10])


def test_scores_are_held_against_all_sprites_where_few_are_held_out(tmp_path: Path) -> None:
    dataset = Dataset.open(small_dataset(tmp_path, 24))
    assert 0 < len(dataset.indices("validation")) < 10
    state = new_state(tiny(), Plan(CPU, "fp32", "test"))
    teacher = state.teacher
    assert teacher is not None
    teacher.eval()
    _, calibration = read_teacher(teacher, state.vae, dataset, named_from=2)
    logit_N = judge_all(teacher, state.vae, np.array(dataset.sprites_NHWC)).logit_N
    places = [calibration.percentile(0, float(logit)) for logit in np.sort(logit_N)]
    assert places == pytest.approx(np.linspace(0, 100, 24), abs=1.5)


def test_a_collapse_of_the_experts_is_noticed_after_its_patience_and_counted_anew() -> None:
    watch = CollapseWatch()
    collapsed, shared = (0.95, 0.03, 0.02), (0.5, 0.3, 0.2)
    assert not any(watch.saw(collapsed) for _ in range(PATIENCE_STEPS - 1))
    assert not watch.saw(())
    assert watch.saw(collapsed)
    assert not watch.saw(collapsed)
    assert not watch.saw(shared)
    assert not any(watch.saw(collapsed) for _ in range(PATIENCE_STEPS - 1))


def test_a_balance_that_counts_more_pulls_the_experts_together() -> None:
    lopsided = torch.tensor([[4.0, 0.0, 0.0, 0.0]]).repeat(8, 1).requires_grad_()
    loss = balance_loss(torch.softmax(lopsided, dim=1))
    assert float(loss.detach()) > 1.5
    (gradient,) = torch.autograd.grad(loss, lopsided)
    assert (gradient[:, 0] > 0).all()


def test_a_judge_that_learns_after_the_vae_may_be_exchanged_between_legs() -> None:
    config, plan = tiny(max_steps=4, teacher_mode="after"), Plan(CPU, "fp32", "test")
    before = new_state(config, plan)
    before.step, before.alone = 4, {"teacher": 2, "prior": 1}
    wider = msgspec.structs.replace(config, teacher=msgspec.structs.replace(config.teacher, channels=(8, 24)))
    after = new_state(wider, plan)
    fresh = {key: value.clone() for key, value in after.networks["teacher"].state_dict().items()}
    assert after.restore(before.tensors(), before.scalars()) == ("teacher",)
    assert after.step == 4
    assert after.alone == {"prior": 1}
    for key, value in before.networks["vae"].state_dict().items():
        assert torch.equal(after.networks["vae"].state_dict()[key], value)
    for key, value in fresh.items():
        assert torch.equal(after.networks["teacher"].state_dict()[key], value)
    assert new_state(config, plan).restore(before.tensors(), before.scalars()) == ()


def test_a_judge_that_the_vae_has_learned_from_may_not() -> None:
    config, plan = tiny(max_steps=4, teacher_mode="joint"), Plan(CPU, "fp32", "test")
    before = new_state(config, plan)
    wider = msgspec.structs.replace(config, teacher=msgspec.structs.replace(config.teacher, channels=(8, 24)))
    with pytest.raises(RuntimeError):
        new_state(wider, plan).restore(before.tensors(), before.scalars())
