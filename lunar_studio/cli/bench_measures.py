"""What `bench` measures: our training step, decode and score, each beside a plain PyTorch one in the same run.

Ours and plain take turns, so that whatever else the machine does meets both alike; medians are compared.
"Plain" is what anybody would write first: float32, default layout, networks as built, no choice of threads. It
does the same work on the same numbers, so both are credited with the same floating-point operations.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from lunar_studio.core.config import RunConfig
from lunar_studio.core.latent import Latent
from lunar_studio.core.presets import preset
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine
from lunar_studio.models.bundle import Calibration, ModelBundle, build_networks
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.losses import balance_loss, kl_loss, ranking_loss, semantic_loss
from lunar_studio.models.model_file import describe
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.batch import Batch, Lesson, lesson_size
from lunar_studio.training.device import Plan, choose_plan
from lunar_studio.training.state import new_state
from lunar_studio.training.step import training_step

_PRODUCT_SIDE = 1024
_WARM_UP = 2
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Subject:
    """Something measured twice, side by side.

    Attributes:
        name: What it is, e.g. `classic-128 training step`.
        ours: One turn of ours.
        plain: One turn of the plain one.
        images: Sprites in a turn.
        flop: Floating-point operations of a turn.
        precision: What ours computes in; the plain one computes in `fp32`.
        repeats: Turns that are timed together, for those too short for the clock.
    """

    name: str
    ours: Callable[[], object]
    plain: Callable[[], object]
    images: int
    flop: float
    precision: str = "fp32"
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of a subject.

    Attributes:
        name: As of the subject.
        images: Sprites in a turn.
        precision: What ours computed in.
        ours_ms: Median time of a turn, in milliseconds.
        plain_ms: The same of the plain one.
        ratio: Plain time over ours: above 1, ours is faster.
        ours_images_per_s: Sprites a second.
        plain_images_per_s: The same of the plain one.
        gflop: Floating-point operations of a turn, in billions.
        ours_share: Part of the rate of matrix products, measured in the same precision and the same run.
        plain_share: The same of the plain one, in float32.
    """

    name: str
    images: int
    precision: str
    ours_ms: float
    plain_ms: float
    ratio: float
    ours_images_per_s: float
    plain_images_per_s: float
    gflop: float
    ours_share: float
    plain_share: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole run of the benchmark.

    Attributes:
        product_gflops: Rate of square matrix products by precision, in 1e9 operations a second.
        results: One for each subject.
        threads: Threads that torch used for the plain ones.
        rounds: Turns behind each median.
    """

    product_gflops: dict[str, float]
    results: tuple[Result, ...]
    threads: int
    rounds: int


THOROUGH = {"classic-128": 4, "sprite-32": 32}
"""Presets to measure, with the sprites in a training step: small, as nothing but ratios is asked for."""

QUICK = {"classic-128": 2, "sprite-32": 16}


def measure(batch_sizes: Mapping[str, int], *, rounds: int, say: Callable[[str], None]) -> Measured:
    """Run the benchmark: `THOROUGH` in 5 rounds takes some two minutes on two cores, `QUICK` in 3 half of that.

    Args:
        batch_sizes: Sprites in a training step, by preset.
        rounds: Turns behind each median.
        say: Told what is being measured.
    """
    subjects: list[Subject] = []
    for name, batch_size in batch_sizes.items():
        say(f"preparing {name}")
        subjects += _subjects(preset(name), batch_size)
    precisions = sorted({"fp32", *(subject.precision for subject in subjects)})
    products = {precision: _product(precision) for precision in precisions}
    times: dict[str, list[float]] = {key: [] for key in precisions}
    ours: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    plain: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for number in range(rounds):
        for subject in subjects:
            say(f"round {number + 1} of {rounds}: {subject.name}")
            for precision in {"fp32", subject.precision}:
                times[precision].append(_seconds(products[precision], 4))
            # Whoever goes second finds a warmer machine: they take turns at that, too.
            turns = [(ours, subject.ours), (plain, subject.plain)]
            for place, turn in turns if number % 2 else reversed(turns):
                place[subject.name].append(_seconds(turn, subject.repeats))
    rates = {key: 2.0 * _PRODUCT_SIDE**3 / statistics.median(found) for key, found in times.items()}
    results = tuple(
        _result(subject, statistics.median(ours[subject.name]), statistics.median(plain[subject.name]), rates)
        for subject in subjects
    )
    return Measured(
        {key: rate / 1e9 for key, rate in rates.items()}, results, threads=torch.get_num_threads(), rounds=rounds
    )


def _result(subject: Subject, ours_s: float, plain_s: float, rates: dict[str, float]) -> Result:
    return Result(
        name=subject.name,
        images=subject.images,
        precision=subject.precision,
        ours_ms=ours_s * 1000.0,
        plain_ms=plain_s * 1000.0,
        ratio=plain_s / ours_s,
        ours_images_per_s=subject.images / ours_s,
        plain_images_per_s=subject.images / plain_s,
        gflop=subject.flop / 1e9,
        ours_share=subject.flop / ours_s / rates[subject.precision],
        plain_share=subject.flop / plain_s / rates["fp32"],
    )


def _seconds(turn: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        turn()
    return (time.perf_counter() - start) / repeats


def _product(precision: str) -> Callable[[], object]:
    a = torch.randn(_PRODUCT_SIDE, _PRODUCT_SIDE).to(_DTYPES[precision])
    b = torch.randn(_PRODUCT_SIDE, _PRODUCT_SIDE).to(_DTYPES[precision])
    return lambda: torch.mm(a, b)


def _flop(turn: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        turn()
    return float(counter.get_total_flops())


def _subjects(config: RunConfig, batch_size: int) -> Iterator[Subject]:
    training = msgspec.structs.replace(config.training, batch_size=batch_size, device="cpu", teacher_every=1)
    config = msgspec.structs.replace(config, training=training)
    batch = _random_batch(config, batch_size)

    def step_with(plan: Plan) -> Callable[[], None]:
        state = new_state(config, plan)
        return lambda: (training_step(state, batch, plan), None)[1]

    plan = choose_plan(training, step_with)
    plain = PlainStep(config, batch)
    flop = _flop(plain)
    yield _warm(
        Subject(f"{config.preset} training step", step_with(plan), plain, batch_size, flop, precision=plan.precision)
    )
    networks = build_networks(config)
    engine, vae, teacher = _engine(config), cast(LatentModel, networks["vae"].eval()), networks["teacher"].eval()
    z_BL = torch.zeros(1, vae.latent_dim)
    # By turns, because the engine remembers what it drew last.
    latents = itertools.cycle(Latent(np.full(vae.latent_dim, value)) for value in (0.0, 1.0))

    def plain_decode() -> Tensor:
        with torch.no_grad():
            return vae.render(z_BL)

    def plain_score() -> object:
        with torch.no_grad():
            return teacher(vae.prepare(batch.rgba_BHWC[:1]))

    sprite = Sprite(batch.rgba_BHWC[0].numpy())
    repeats = 5 if config.vae.image_size > 64 else 20
    for name, ours, other in (
        ("decode", lambda: engine.decode(next(latents)), plain_decode),
        ("score", lambda: engine.score(sprite), plain_score),
    ):
        yield _warm(Subject(f"{config.preset} {name}", ours, other, 1, _flop(other), repeats=repeats))


def _warm(subject: Subject) -> Subject:
    """The first turns allocate memory and choose kernels."""
    for _ in range(_WARM_UP):
        subject.ours()
        subject.plain()
    return subject


def _engine(config: RunConfig) -> Engine:
    networks = build_networks(config)
    bundle = ModelBundle(
        name=config.preset,
        config=config,
        vae=cast(LatentModel, networks["vae"].eval()),
        teacher=cast(LunarMoETeacher, networks["teacher"].eval()),
        prior=cast(LatentPrior, networks["prior"].eval()),
        vocabulary=Vocabulary((), torch.zeros(0, config.teacher.embedding_dim)),
        directions=(),
        experts=tuple(f"expert {index}" for index in range(config.teacher.num_experts)),
        calibration=Calibration(np.zeros((1 + config.teacher.num_experts, 101), np.float32)),
    )
    return Engine(bundle, describe(bundle, digest=""))


def _random_batch(config: RunConfig, size: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    side, lesson = config.vae.image_size, lesson_size(size)

    def noise(count: int) -> Tensor:
        return torch.randint(0, 256, (count, side, side, 4), generator=generator, dtype=torch.uint8)

    words = torch.nn.functional.normalize(torch.randn(size, config.teacher.embedding_dim, generator=generator), dim=1)
    rgba, harm = noise(size), torch.zeros(lesson, dtype=torch.int64)
    taught = Lesson(rgba[:lesson], noise(lesson), noise(lesson), harm, words[:lesson], words[:0])
    return Batch(rgba, words, taught)


class PlainStep:
    """The training step without any of our choices: float32, default layout, one straight line.

    It learns what `training.step` learns in a step without reward: VAE, teacher and prior.

    Args:
        config: What to build.
        batch: What every step learns from.
    """

    def __init__(self, config: RunConfig, batch: Batch) -> None:
        self._config, self._batch = config, batch
        networks = build_networks(config)
        self._vae = cast(LatentModel, networks["vae"])
        self._teacher = cast(LunarMoETeacher, networks["teacher"])
        self._prior = cast(LatentPrior, networks["prior"])
        self._optimizers = [
            torch.optim.AdamW(network.parameters(), lr=rate)
            for network, rate in (
                (self._vae, config.training.learning_rate),
                (self._teacher, config.training.teacher_learning_rate),
                (self._prior, config.prior.learning_rate),
            )
        ]

    def __call__(self) -> None:
        """One step."""
        batch, training = self._batch, self._config.training
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        x_BCHW = self._vae.prepare(batch.rgba_BHWC)
        mu, logvar = self._vae.encode(x_BCHW)
        z_BL = self._vae.reparameterize(mu, logvar)
        soft, recon = self._vae.reconstruct(z_BL, x_BCHW)
        self._learn(0, recon + training.kl_weight * kl_loss(mu, logvar, training.kl_form))

        count, lesson = len(batch.lesson), batch.lesson
        drawn = self._vae.hard(z_BL[:count], soft[:count]).detach()
        damaged = self._vae.prepare(torch.cat([lesson.mild_BHWC, lesson.bad_BHWC]))
        judged = self._teacher(torch.cat([x_BCHW[:count], damaged, drawn]))
        real, mild, bad, fake = judged.logit_B.split(count)
        ranking = ranking_loss(real, mild, 0.5) + ranking_loss(mild, bad, 0.5) + ranking_loss(real, fake)
        verdict = torch.cat([nn.functional.softplus(-real), nn.functional.softplus(bad)]).mean()
        semantic = semantic_loss(judged.embedding_BD[:count], batch.words_BD[:count])
        self._learn(1, ranking + verdict + semantic + 0.01 * balance_loss(judged.gate_BE))

        z_BL = z_BL.detach()
        self._prior.observe(z_BL, 0.01)
        self._learn(2, self._prior.loss(z_BL, batch.words_BD))

    def _learn(self, index: int, loss: Tensor) -> None:
        torch.autograd.backward(loss)
        self._optimizers[index].step()
