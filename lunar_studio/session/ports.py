"""What the window needs from the rooms that know torch, as Protocols.

The real things are built in `app` and live in worker threads; tests stand small real classes in
their place. Methods are called in the worker's thread unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from lunar_studio.core.config import RunConfig
from lunar_studio.core.critic import BlameMap, Improvement, ImproveTask, Replacements
from lunar_studio.core.events import Followed, Forecast, Refined, TrainEvent
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.neighbours import Neighbours
from lunar_studio.core.overlay import Overlay, Pixel
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite


class Explorer(Protocol):
    """A loaded model, ready to play with; `explore.engine.Engine` is the real one."""

    @property
    def info(self) -> ModelInfo:
        """Facts about the model."""

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Found directions, shape before colour, each group ordered by share, largest first."""

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent.

        Raises:
            ValueError: The latent is of another length than the model's.
        """

    def score(self, sprite: Sprite) -> Score:
        """The teacher's judgement; a sprite of another size than the model's is fitted first."""

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        """Random latents from the prior; the same arguments give the same latents on this machine."""

    def encode(self, sprite: Sprite) -> Latent:
        """The latent whose decoding comes near the sprite, without refinement."""


@runtime_checkable
class KnowsItsArt(Protocol):
    """An explorer that can compare sprites with the art its model was trained on."""

    def likeness(self, sprite: Sprite, count: int = 3) -> Neighbours:
        """The training sprites whose drawings are nearest; `UNKNOWN_ART` where the model carries no fingerprints."""


@runtime_checkable
class DrawsMany(Protocol):
    """An explorer that draws and judges many sprites faster together than one by one."""

    def decode_many(self, latents: Sequence[Latent]) -> tuple[Sprite, ...]:
        """The exact pixels of many latents, in order.

        Raises:
            ValueError: A latent is of another length than the model's.
        """

    def score_many(self, sprites: Sequence[Sprite]) -> tuple[Score, ...]:
        """The teacher's judgement of many sprites, in order."""


@runtime_checkable
class KnowsWords(Protocol):
    """An explorer whose model learned from captions."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words it knows, most frequent first."""

    def fits(self, sprites: Sequence[Sprite], prompt: str) -> tuple[float, ...]:
        """How near the teacher finds sprites to words, -1 to 1; NaN where it cannot tell."""


class ExplorerLoader(Protocol):
    """Opens a model file."""

    def __call__(self, path: Path | None) -> Explorer:
        """The model at `path`, or the bundled one for None.

        Raises:
            ModelFileError: The file is damaged, hostile, not ours or too new.
        """


class PinFollower(Protocol):
    """Moves a latent until the model draws pinned pixels of its own; `explore.refine.follow` is the real one."""

    def __call__(
        self, explorer: Explorer, latent: Latent, pins: Overlay, *, should_stop: Callable[[], bool]
    ) -> Iterator[Followed]:
        """Report where it begins, then every few steps the best so far.

        Args:
            explorer: The loaded model.
            latent: Where to begin.
            pins: What is wanted.
            should_stop: Asked after every step.
        """


class SpriteRefiner(Protocol):
    """Moves a latent until the model draws an artist's own sprite; `explore.refine.refine` is the real one."""

    def __call__(self, explorer: Explorer, sprite: Sprite, *, should_stop: Callable[[], bool]) -> Iterator[Refined]:
        """Report the encoder's answer, then every few steps the best so far.

        Args:
            explorer: The loaded model.
            sprite: Of the model's size.
            should_stop: Asked after every step.
        """


class Critic(Protocol):
    """Says what costs a sprite its score, and what would raise it; `workers.engine_critic` has the real one.

    Its answers come in small steps: None is a place to pause.
    """

    def blame(self, explorer: Explorer, sprite: Sprite, expert: int) -> Iterator[BlameMap | None]:
        """Which pixels cost the score, or that of an expert; the map comes last."""

    def replace(self, explorer: Explorer, sprite: Sprite, pixel: Pixel, expert: int) -> Iterator[Replacements | None]:
        """What would stand better in a pixel's place."""

    def improve(
        self, explorer: Explorer, task: ImproveTask, *, should_stop: Callable[[], bool]
    ) -> Iterator[Improvement | None]:
        """Better versions of a sprite, until it is stopped or done; the last one `has_ended`."""


class Trainer(Protocol):
    """Starts a run; `training.loop.train` is the real one."""

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
        """Train on a built data set and yield what happens; ends with `RunEnded`.

        Once `should_stop` says yes, it saves and ends; where the disk refuses, it tries until that succeeds, or until
        `should_leave` says yes. Once `should_finish` says yes, it comes to its planned end in fewer steps.

        Raises:
            LunarError: It cannot start or go on; what was trained is in the last checkpoint.
        """


class Forecaster(Protocol):
    """Measures what a run would cost; `training.loop.forecast` is the real one."""

    def __call__(self, dataset: Path, scratch: Path, config: RunConfig, *, should_stop: Callable[[], bool]) -> Forecast:
        """What the run would cost on this machine; nothing is kept but in the empty folder `scratch`.

        Raises:
            LunarError: The run could not start.
        """


class SheetWriter(Protocol):
    """Writes sprites as a sheet; `export.formats.write` is the real one."""

    def __call__(
        self,
        sprites: Sequence[Sprite],
        destination: Path,
        *,
        format_id: str,
        columns: int,
        own_texts: Sequence[Mapping[str, str]] = (),
        credit: str = "",
    ) -> tuple[Path, ...]:
        """Write, read back and compare; returns the files written.

        `own_texts` are kept with each sprite that has a picture of its own; none, or one entry for each.
        `credit` tells whose art the sprites go back to, for a text file beside them; empty for none.

        Raises:
            ExportError: It cannot be written, or reads back differently.
        """
