"""Small real classes that stand behind the ports: an explorer and trainers without torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import (
    CheckpointSaved,
    EndReason,
    FinishBegun,
    Paused,
    PreviewReady,
    RunEnded,
    RunStarted,
    StepDone,
    TrainEvent,
    Validated,
    WentOn,
)
from lunar_studio.core.latent import Direction, Latent, raw_directions
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import CheckpointError, LunarError, ModelFileError

LATENT_DIM = 8


@dataclass
class FakeExplorer:
    """Paints the first numbers of a latent.

    Attributes:
        job_s: Seconds that a decode takes.
        turns: When given, a decode begins by taking one of these turns, so that a test can say when it goes on.
        begun: Decodes begun, turn or no turn.
        decoded: First numbers of the latents decoded, in order.
    """

    name: str = "fake"
    latent_dim: int = LATENT_DIM
    job_s: float = 0.0
    turns: threading.Semaphore | None = None
    begun: int = 0
    decoded: list[float] = field(default_factory=list)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.name, "sprite", "tiny", 10, {"vae": 10}, 4, 4, self.latent_dim, "0" * 64)

    @property
    def directions(self) -> tuple[Direction, ...]:
        return raw_directions(self.latent_dim)

    def decode(self, latent: Latent) -> Sprite:
        self.begun += 1
        if self.turns is not None and not self.turns.acquire(timeout=60.0):
            raise TimeoutError("nobody gave a turn")
        time.sleep(self.job_s)
        first = float(latent.values_L[0])
        self.decoded.append(first)
        if first == 666.0:
            raise ZeroDivisionError("a mistake of ours")
        if first == 404.0:
            raise LunarError("The model went away.", hint="Open it again.")
        pixels = np.zeros((4, 4, 4), np.uint8)
        pixels[..., 0] = round(first) % 256
        pixels[..., 3] = 255
        return Sprite(pixels)

    def score(self, sprite: Sprite) -> Score:
        return Score(float(sprite.rgba_HWC[0, 0, 0]) % 100.0)

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        rng = np.random.default_rng([seed, len(prompt)])
        return tuple(Latent(temperature * rng.standard_normal(self.latent_dim)) for _ in range(count))

    def encode(self, sprite: Sprite) -> Latent:
        return Latent(np.full(self.latent_dim, sprite.rgba_HWC[0, 0, 0]))


@dataclass
class FakeLoader:
    """Opens `explorer`, slowly if asked; a path called `broken` is a damaged file."""

    explorer: FakeExplorer = field(default_factory=FakeExplorer)
    load_s: float = 0.0

    def __call__(self, path: Path | None) -> FakeExplorer:
        time.sleep(self.load_s)
        if path is not None and path.name == "broken":
            raise ModelFileError("The model file is damaged.", hint="Choose another file.")
        if path is not None and path.name == "bug":
            raise IndexError("a mistake of ours")
        return self.explorer


@dataclass
class FakeTrainer:
    """Trains nothing, but keeps to the port: asks after every step, rests, saves, ends with `RunEnded`.

    Attributes:
        steps: How many steps it takes.
        step_s: Seconds asleep in each.
        burn: Matrix products in each step, to keep a core busy.
        ends: Why it ends after its last step.
        refuses: Whether the disk takes nothing now; may change while it runs.
        fail_at: Step at which `failure` is raised; 0 for never.
        reached: The last step taken.
    """

    steps: int = 10
    step_s: float = 0.0
    burn: int = 0
    fail_at: int = 0
    failure: Exception | None = None
    ends: EndReason = "finished"
    refuses: bool = False
    validate_every: int = 5
    preview_every: int = 5
    rested: int = 0
    reached: int = 0

    def __call__(
        self,
        dataset: Path,
        run_dir: Path,
        config: RunConfig,
        *,
        resume: bool,
        should_stop: Callable[[], bool],
        should_pause: Callable[[], bool],
        should_finish: Callable[[], bool],
        should_leave: Callable[[], bool],
    ) -> Iterator[TrainEvent]:
        first = 5 if resume else 0
        assert dataset != run_dir
        run_dir.mkdir(parents=True, exist_ok=True)
        yield RunStarted(
            run_dir, config.preset, {"vae": 10}, "cpu", "fp32", "fp32 was fastest", 90, 10, first, self.steps, 1 << 20
        )
        end: int | None = None  # `steps` may change while it runs
        matrix = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
        step = first
        reason = self.ends
        begun_s = time.monotonic()
        while step < (self.steps if end is None else end):
            while should_pause() and not should_stop():
                self.rested += 1
                time.sleep(0.005)
            if should_stop():
                reason = "stopped"
                break
            if should_finish() and end is None:
                end = min(self.steps, step + 2)
                yield FinishBegun(step, end)
            for _ in range(self.burn):
                matrix = np.tanh(matrix @ matrix / 16)
            time.sleep(self.step_s)
            step += 1
            self.reached = step
            if step == self.fail_at and self.failure is not None:
                raise self.failure
            yield from self._told(step, time.monotonic() - begun_s)
            yield from self._rested(step, should_stop, should_finish, should_leave)
        yield from self._rested(step, should_stop, should_finish, should_leave)
        yield CheckpointSaved(step, run_dir / "checkpoints" / f"step-{step}", is_best=True)
        model = run_dir / "model.safetensors"
        yield RunEnded(step, reason, model)

    def _rested(
        self,
        step: int,
        should_stop: Callable[[], bool],
        should_finish: Callable[[], bool],
        should_leave: Callable[[], bool],
    ) -> Iterator[TrainEvent]:
        """Rest while the disk refuses, as the real one does: told after each try, until it is left."""
        attempt = 0
        while self.refuses:
            if should_leave():
                raise CheckpointError("The disk is full.", hint=f"The last {step} steps are not kept.")
            attempt += 1
            then: Literal["go-on", "finish", "end"] = (
                "end" if should_stop() else "finish" if should_finish() else "go-on"
            )
            yield Paused(step, "The disk is full.", "Free some space.", attempt, 2.0, step, 90.0, then)
            time.sleep(0.01)
        if attempt:
            yield WentOn(step, 5.0)

    def _told(self, step: int, elapsed_s: float) -> Iterator[TrainEvent]:
        losses = {"recon": 1.0 / step, "kl": 2.0 / step, "quality": 0.5, "total": 3.0 / step}
        schedules = {"learning_rate": 1e-3, "kl_weight": 0.5}
        yield StepDone(step, elapsed_s, step * 8, 80.0, losses, schedules, (0.25,) * 4, step / self.steps)
        if step % self.validate_every == 0:
            yield Validated(step, {"recon": 1.5 / step, "kl": 2.5 / step, "quality": 0.6}, {"psnr": 20.0})
        if step % self.preview_every == 0:
            art = np.full((4, 8, 8, 4), step % 256, np.uint8)
            yield PreviewReady(step, art, art.copy(), art.copy())
