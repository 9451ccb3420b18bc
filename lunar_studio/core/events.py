"""What work tells those who watch: frozen records of numbers and fresh arrays, never tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lunar_studio.core.arrays import U8
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite

# ---- exploring -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decoded:
    """A latent became a sprite, and the teacher scored it.

    Attributes:
        generation: Number of the request; newer requests have larger numbers.
        latent: What was decoded.
        sprite: The exact pixels, with painted ones on top.
        score: The teacher's judgement of those pixels.
        elapsed_ms: Time the decode and score took, without waiting; of what was decoded before, as long as then.
        base: What the model drew, without painted pixels; None where that is `sprite` itself.
        edits: The painted pixels.
    """

    generation: int
    latent: Latent
    sprite: Sprite
    score: Score
    elapsed_ms: float
    base: Sprite | None = None
    edits: Overlay = NOTHING

    @property
    def drawn(self) -> Sprite:
        """What the model drew, without painted pixels."""
        return self.sprite if self.base is None else self.base


@dataclass(frozen=True, slots=True)
class Sampled:
    """The prior invented latents.

    Attributes:
        seed: What they grew from.
        prompt: The words they were asked to follow; empty for none.
        latents: In order.
    """

    seed: int
    prompt: str
    latents: tuple[Latent, ...]


@dataclass(frozen=True, slots=True)
class Refined:
    """The model has come nearer to drawing an artist's own sprite.

    Attributes:
        latent: The best so far; first the encoder's answer.
        share: Share of the sprite's pixels that it draws exactly, 0 to 1; NaN if nobody knows.
        step: Steps done; 0 is the encoder's answer.
    """

    latent: Latent
    share: float
    step: int


@dataclass(frozen=True, slots=True)
class Followed:
    """The model has come nearer to drawing pinned pixels of its own.

    Attributes:
        latent: The best so far.
        share: Share of the pinned pixels that it draws by itself, 0 to 1.
        step: Steps done; 0 is where it began.
    """

    latent: Latent
    share: float
    step: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Work ended with a mistake of the world: what happened and what to do, ready to show."""

    message: str
    hint: str


# ---- training ------------------------------------------------------------------------------------

EndReason = Literal["finished", "stopped", "time-up"]
"""Why a run ended: it had learned all it was to learn, somebody stopped it, or its minutes were over before that."""

END_WORDS: Mapping[EndReason, str] = {"finished": "finished", "stopped": "stopped", "time-up": "time was up"}
"""How that is told, wherever it is told in a word or three."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run is about to take its first step.

    Attributes:
        run_dir: The run's folder.
        preset: Name of the preset it started from.
        parameters: Parameters of each part that trains.
        device: `cpu` or `cuda:0`.
        precision: `fp32`, `bf16` or `fp16`.
        precision_reason: Why, in one sentence with the measured figures.
        train_count: Sprites trained on.
        validation_count: Sprites held out.
        first_step: 0, or the step resumed from.
        max_steps: The step it ends at.
        memory_bytes: Estimated peak.
    """

    run_dir: Path
    preset: str
    parameters: Mapping[str, int]
    device: str
    precision: str
    precision_reason: str
    train_count: int
    validation_count: int
    first_step: int
    max_steps: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """One optimizer step.

    Attributes:
        step: Number of the step just done; the first is 1.
        elapsed_s: Seconds since this leg of the run began.
        images: Sprites seen since step 0.
        images_per_s: Rate over the last steps.
        losses: By name: `recon`, `kl`, `quality`, `semantic`, `teacher`, `prior`, `total`; those that apply.
            Those of parts that do not learn in every step are their latest.
        schedules: By name: `learning_rate`, `kl_weight`, `quality_weight`, `gradient_norm`.
        expert_shares: Mean gate weight of each expert in this batch; sums to 1; empty without a teacher.
        share_done: 0 to 1, the larger of steps and minutes done.
    """

    step: int
    elapsed_s: float
    images: int
    images_per_s: float
    losses: Mapping[str, float]
    schedules: Mapping[str, float]
    expert_shares: tuple[float, ...] = ()
    share_done: float = 0.0


@dataclass(frozen=True, slots=True)
class Validated:
    """The held-out sprites were reconstructed.

    Attributes:
        step: After which step.
        losses: As in `StepDone`, on held-out sprites.
        figures: `psnr` (dB), `exact_pixel` and `alpha_iou` (0 to 1).
    """

    step: int
    losses: Mapping[str, float]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PreviewReady:
    """Pictures of how far the model is.

    Attributes:
        step: After which step.
        originals_NHWC: uint8 RGBA, held-out sprites.
        reconstructions_NHWC: uint8 RGBA, the same sprites through the model.
        samples_NHWC: uint8 RGBA, the same random latents at every preview.
    """

    step: int
    originals_NHWC: U8
    reconstructions_NHWC: U8
    samples_NHWC: U8


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """Everything needed to go on is on disk.

    Attributes:
        step: After which step.
        path: Folder of the checkpoint.
        is_best: Whether no earlier validation had as large a share of exact pixels; a copy is then kept apart.
    """

    step: int
    path: Path
    is_best: bool


@dataclass(frozen=True, slots=True)
class MilestoneSaved:
    """A small model file of this moment was kept, to look back at: it draws and invents, but has no sliders.

    Attributes:
        step: After which step.
        path: A model file in the run's `milestones` folder; files there are thinned out as the run goes on.
    """

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class FinishBegun:
    """The run was asked to finish now: it goes through what is left of its schedule faster.

    Attributes:
        step: After which step.
        max_steps: The step it ends at now.
    """

    step: int
    max_steps: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will cost on this machine, from steps that were really taken: a dry run of some seconds.

    Attributes:
        device: `cpu` or `cuda:0`.
        precision: `fp32`, `bf16` or `fp16`.
        precision_reason: Why, in one sentence with the measured figures.
        processes: How many share the work.
        first_step: 0, or the step it goes on from.
        max_steps: The step it ends at.
        step_s: Seconds of one step, its batch included.
        epoch_s: Seconds in which as many sprites are seen as there are to train on.
        learning_s: Seconds of all steps that are left.
        beside_s: Seconds of validations, previews, checkpoints and milestones between them.
        alone_s: Seconds in which judge and prior learn alone at the end.
        finish_s: Seconds in which directions are found and the model is written.
        usable_s: Seconds until a model is worth exploring, were the run stopped then.
        memory_bytes: Estimated peak.
        dry_run_s: What the dry run itself took.
        spread: By which part the times may well be longer or shorter.
        map_s: Seconds of `finish_s` that go into the map, which a run that is stopped leaves out.
    """

    device: str
    precision: str
    precision_reason: str
    processes: int
    first_step: int
    max_steps: int
    step_s: float
    epoch_s: float
    learning_s: float
    beside_s: float
    alone_s: float
    finish_s: float
    usable_s: float
    memory_bytes: int
    dry_run_s: float = 0.0
    spread: float = 0.0
    map_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Seconds until the finished model, from the first step on."""
        return self.learning_s + self.beside_s + self.alone_s + self.finish_s


@dataclass(frozen=True, slots=True)
class Paused:
    """The run rests, because the world is in its way: a full disk, a folder that cannot be written or is gone.

    Nothing is lost: it stays in memory, what is on disk stays whole, and the run tries again by itself. One is
    told after each try that failed; `WentOn` follows when one succeeds.

    Attributes:
        step: After which step.
        message: What is in the way.
        hint: What to do about it.
        attempt: How often it was tried; the first is 1.
        retry_s: Seconds until it is tried again.
        unsaved_steps: Steps that no checkpoint holds yet, those of parts that learn alone among them.
        unsaved_s: Seconds of work that no checkpoint holds yet.
        then: What the run does once it can write again: go on, come to its end soon (it was asked to finish now), or
            save and end (it was asked to stop).
    """

    step: int
    message: str
    hint: str
    attempt: int
    retry_s: float
    unsaved_steps: int = 0
    unsaved_s: float = 0.0
    then: Literal["go-on", "finish", "end"] = "go-on"


@dataclass(frozen=True, slots=True)
class WentOn:
    """What a `Paused` told is over.

    Attributes:
        step: After which step.
        paused_s: Seconds the run rested.
    """

    step: int
    paused_s: float


@dataclass(frozen=True, slots=True)
class Warned:
    """Something happened that the artist should know; training goes on."""

    step: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A slow part outside the step loop began, such as finding directions.

    Attributes:
        step: After which step.
        title: What is being done, for a status line.
    """

    step: int
    title: str


@dataclass(frozen=True, slots=True)
class LearningEnded:
    """No further step is taken, and all that was learned is on disk; what follows only makes the model file.

    Attributes:
        step: The last step done.
        reason: Why.
    """

    step: int
    reason: EndReason


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over and the model can be used.

    Attributes:
        step: The last step done.
        reason: Why it ended.
        model_path: The finished model file; None where the run was stopped before it had learned anything.
        took_s: Seconds since the first step of this leg, without rests.
        forecast_s: What the forecast said for what was done; 0 where there was none.
    """

    step: int
    reason: EndReason
    model_path: Path | None
    took_s: float = 0.0
    forecast_s: float = 0.0

    @property
    def forecast_error(self) -> float:
        """By which part of the time really taken the forecast was too long (positive) or too short."""
        return self.forecast_s / self.took_s - 1.0 if self.took_s > 0 and self.forecast_s > 0 else 0.0


TrainEvent = (
    RunStarted
    | Forecast
    | StepDone
    | Validated
    | PreviewReady
    | CheckpointSaved
    | MilestoneSaved
    | FinishBegun
    | Warned
    | Paused
    | WentOn
    | PhaseStarted
    | LearningEnded
    | RunEnded
)
