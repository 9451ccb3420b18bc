"""A fair race: the same pictures in the same order, the same processor time, the same judge.

Every contestant reads one stream of augmented sprites from its beginning, in batches of its own size; whoever is
faster gets further. Its time is that of the process, on one thread, and counts while it trains: not while its precision
and its learning rate are being chosen, nor while it is judged. Shapes: N sprites, B batch, H and W pixels.
"""

from __future__ import annotations

import copy
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import TrainingConfig
from lunar_studio.data.batches import augment, batch_indices
from lunar_studio.data.dataset import Dataset
from lunar_studio.evaluation.reconstruction import Figures, compare, summary
from lunar_studio.training.device import Plan, candidates, lay_out
from lunar_studio.training.lessons import family_weights
from lunar_studio.training.schedules import cosine

UNIT = 32
"""Sprites that are drawn and augmented together; every batch is a whole number of units."""

_JUDGED_AT_ONCE = 64
_PROBE_STEPS = 2
# Keeps the stream's chance apart from that of everything else with the same seed.
_AUGMENT_STREAM = 11

Pair = tuple[Tensor, Tensor]


class CpuClock:
    """A budget of processor time, running from the moment it is made.

    Args:
        budget_s: Seconds, above 0.
        now: Tells processor seconds; by default those of all threads of this process.
    """

    def __init__(self, budget_s: float, now: Callable[[], float] = time.process_time) -> None:
        if not budget_s > 0:
            raise ValueError(f"a budget of {budget_s} seconds is none")
        self._budget_s, self._now = budget_s, now
        self._begun_s = now()

    @property
    def spent_s(self) -> float:
        """Seconds since it was made."""
        return self._now() - self._begun_s

    @property
    def share(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        return min(1.0, self.spent_s / self._budget_s)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.spent_s >= self._budget_s


class Stream:
    """The training sprites of a data set, drawn and augmented: picture i is the same for everybody.

    Args:
        dataset: Whose training part is drawn from, families as in the studio's own runs.
        augmentation: What is done to them.
        seed: Fixes everything.
    """

    def __init__(self, dataset: Dataset, augmentation: TrainingConfig, seed: int) -> None:
        self._sprites_NHWC = dataset.sprites_NHWC
        self._train = dataset.indices("train")
        self._weights = family_weights(dataset, augmentation)
        self._how, self._seed = augmentation, seed

    def batch(self, first: int, count: int) -> U8:
        """Pictures `first` to `first + count` of the stream, both multiples of 32; uint8 (count, H, W, 4).

        Raises:
            ValueError: They are no multiples.
        """
        if first % UNIT or count % UNIT or count <= 0:
            raise ValueError(f"{first} and {count} are not whole units of {UNIT}")
        return np.concatenate([self._unit(number) for number in range(first // UNIT, (first + count) // UNIT)])

    def _unit(self, number: int) -> U8:
        places = batch_indices(self._weights, seed=self._seed, step=number, batch_size=UNIT)
        return augment(
            self._sprites_NHWC[self._train[places]],
            np.random.default_rng([self._seed, number, _AUGMENT_STREAM]),
            flip=self._how.flip,
            shift_px=self._how.shift_px,
            recolour=self._how.recolour,
        )


@dataclass(frozen=True)
class Recipe:
    """How a contestant trains.

    Attributes:
        rates: Learning rates; where there are several, short runs choose.
        batch_size: Pictures in a step; a multiple of 32.
        weight_decay: Decoupled.
        falls: Whether the rate falls as a cosine over the budget.
        warmup_steps: Steps over which it rises.
        clip: Largest gradient norm; 0 is no limit.
        average: Decay of the averaged weights; 0 keeps none.
    """

    rates: tuple[float, ...]
    batch_size: int = 64
    weight_decay: float = 1e-4
    falls: bool = True
    warmup_steps: int = 200
    clip: float = 1.0
    average: float = 0.999

    def factor(self, step: int, share: float) -> float:
        """Factor on the learning rate at a step counted from 0, with `share` of the budget spent."""
        rise = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return rise * (cosine(share) if self.falls else 1.0)


class Contestant(nn.Module, ABC):
    """A network with its own loss.

    Attributes:
        recipe: How it trains.
    """

    recipe: Recipe

    @abstractmethod
    def prepare(self, rgba_BHWC: Tensor) -> Tensor:
        """uint8 sprites, made ready for it."""

    @abstractmethod
    def loss(self, x: Tensor, share: float) -> Tensor:
        """What it learns from; `share` of the budget is spent."""

    @abstractmethod
    def readings(self, rgba_BHWC: Tensor) -> dict[str, Pair]:
        """Ways to read what it draws of sprites: by name, (what should be there, what is), uint8 (B, H, W, 4)."""

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)


@dataclass(frozen=True)
class Trained:
    """What a race left behind.

    Attributes:
        networks: To be judged, by name: `live`, and `average` where one is kept.
        steps: Steps done.
        images: Pictures seen.
        cpu_s: Processor seconds spent.
        skipped: Steps left out because a loss or gradient was not finite.
    """

    networks: dict[str, Contestant]
    steps: int
    images: int
    cpu_s: float
    skipped: int


def train(contestant: Contestant, stream: Stream, clock: CpuClock, plan: Plan, rate: float, seed: int) -> Trained:
    """Train until the budget is spent."""
    recipe = contestant.recipe
    torch.manual_seed(seed)
    lay_out(contestant, plan.memory_format).train()
    optimizer = torch.optim.AdamW(contestant.parameters(), lr=rate, weight_decay=recipe.weight_decay, fused=True)
    average = copy.deepcopy(contestant).eval().requires_grad_(False) if recipe.average else None
    steps = images = skipped = 0
    while not clock.is_over:
        share = clock.share
        for group in optimizer.param_groups:
            group["lr"] = rate * recipe.factor(steps, share)
        batch = torch.from_numpy(stream.batch(images, recipe.batch_size))
        images += recipe.batch_size
        if learn(contestant, optimizer, batch, share, plan):
            steps += 1
            if average is not None:
                _follow(average, contestant, min(recipe.average, (1.0 + steps) / (10.0 + steps)))
        else:
            skipped += 1
    networks = {"live": contestant.eval(), **({"average": average} if average is not None else {})}
    return Trained(networks, steps, images, clock.spent_s, skipped)


def learn(
    contestant: Contestant, optimizer: torch.optim.Optimizer, rgba_BHWC: Tensor, share: float, plan: Plan
) -> bool:
    """One step; False where a loss or gradient is not finite, and then nothing is changed."""
    x = contestant.prepare(rgba_BHWC).contiguous(memory_format=plan.memory_format)
    with plan.autocast():
        loss = contestant.loss(x, share)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(contestant.parameters(), contestant.recipe.clip or float("inf"))
    sound = math.isfinite(float(loss.detach())) and math.isfinite(float(norm))
    if sound:
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return sound


def _follow(average: nn.Module, live: nn.Module, decay: float) -> None:
    """Move averaged weights and statistics towards the live ones; counters are copied."""
    kept, now = average.state_dict(), live.state_dict()
    floats = [key for key, value in kept.items() if value.is_floating_point()]
    torch._foreach_lerp_([kept[key] for key in floats], [now[key] for key in floats], 1.0 - decay)
    for key in kept.keys() - set(floats):
        kept[key].copy_(now[key])


# ---- what is chosen before the race ------------------------------------------------------------------


def choose_precision(build: Callable[[], Contestant], stream: Stream) -> tuple[Plan, dict[str, float]]:
    """The precision in which a contestant's step takes least processor time, with milliseconds of each."""
    cpu = torch.device("cpu")
    times_ms: dict[str, float] = {}
    for name in candidates(cpu):
        plan = Plan(cpu, name, "measuring")
        contestant = build()
        lay_out(contestant, plan.memory_format).train()
        optimizer = torch.optim.AdamW(contestant.parameters(), lr=1e-5, fused=True)
        batch = torch.from_numpy(stream.batch(0, contestant.recipe.batch_size))
        learn(contestant, optimizer, batch, 0.5, plan)  # the first allocates
        begun_s = time.process_time()
        for _ in range(_PROBE_STEPS):
            learn(contestant, optimizer, batch, 0.5, plan)
        times_ms[name] = (time.process_time() - begun_s) * 1000 / _PROBE_STEPS
    best = min(times_ms, key=lambda name: times_ms[name])
    return Plan(cpu, best, "the least processor time"), times_ms


def choose_rate(
    build: Callable[[], Contestant], stream: Stream, sprites_NHWC: U8, plan: Plan, *, seconds: float, seed: int
) -> tuple[float, dict[float, float]]:
    """The learning rate that draws most pixels of some *training* sprites exactly after a short run, with all figures.

    Args:
        build: Makes the contestant anew, with the same weights.
        stream: What it learns from.
        sprites_NHWC: What it is judged by.
        plan: How it computes.
        seconds: Of processor time for each rate; they do not count in the race.
        seed: Of the runs.
    """
    rates = build().recipe.rates
    if len(rates) == 1:
        return rates[0], {}
    exact: dict[float, float] = {}
    for rate in rates:
        trained = train(build(), stream, CpuClock(seconds), plan, rate, seed)
        exact[rate] = best_of(judge(trained, sprites_NHWC, None)).exact
    return max(exact, key=lambda rate: exact[rate]), exact


# ---- the judge ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """The reading that counts.

    Attributes:
        reading: Its name.
        exact: Its share of exact pixels.
    """

    reading: str
    exact: float


@torch.inference_mode()
def judge(
    trained: Trained, sprites_NHWC: U8, families_N: np.ndarray[tuple[int], np.dtype[np.int64]] | None
) -> dict[str, Figures]:
    """Figures of each network in each of its readings, by `network, reading`; in float32."""
    found: dict[str, Figures] = {}
    for which, network in trained.networks.items():
        network.eval()
        each: dict[str, list[Pair]] = {}
        for start in range(0, len(sprites_NHWC), _JUDGED_AT_ONCE):
            rgba = torch.from_numpy(np.array(sprites_NHWC[start : start + _JUDGED_AT_ONCE]))  # a data set is read-only
            for name, pair in network.readings(rgba).items():
                each.setdefault(name, []).append(pair)
        for name, pairs in each.items():
            compared = [
                compare(original, drawn)
                for originals, pictures in pairs
                for original, drawn in zip(originals.numpy(), pictures.numpy(), strict=True)
            ]
            found[f"{which}, {name}"] = summary(compared, families_N)
    return found


def best_of(found: dict[str, Figures]) -> Best:
    """The reading with most exact pixels."""
    reading = max(found, key=lambda name: found[name]["exact_pixel"])
    return Best(reading, found[reading]["exact_pixel"])


def evenly(indices: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]], most: int) -> list[int]:
    """At most `most` of the indices, evenly from the whole."""
    if len(indices) <= most:
        return [int(index) for index in indices]
    return [int(indices[place]) for place in np.linspace(0, len(indices) - 1, most).astype(np.int64)]
