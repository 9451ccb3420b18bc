"""Small models kept over a run, for whoever wants to see how it learned: model files without judge and sliders.

Their number and size on disk are bounded: where there are too many, those go that stand closest to their
neighbours in time, never the first or the newest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from lunar_studio.core.config import RunConfig
from lunar_studio.core.fine_tuning import shareable
from lunar_studio.models.bundle import QUANTILES, Calibration, ModelBundle
from lunar_studio.models.model_file import save_model
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.state import TrainState

MAX_BYTES = 2 * 2**30
_LEAST_INTERVAL = 10
_NAME = re.compile(r"step-(\d{9})\.safetensors")


def interval(config: RunConfig) -> int:
    """Steps between milestones; 0 where none are kept."""
    training = config.training
    if not training.milestones:
        return 0
    return max(_LEAST_INTERVAL, -(-training.max_steps // training.milestones))


def is_due(config: RunConfig, step: int) -> bool:
    """Whether a milestone is kept after a step; 0 is before the first."""
    every = interval(config)
    return every > 0 and step % every == 0


def save_milestone(state: TrainState, vocabulary: Vocabulary, folder: Path, name: str) -> Path:
    """Keep the weights as they are now, and thin out what is there.

    Args:
        state: What trains; its averages are kept where there are some.
        vocabulary: Its words.
        folder: The run's `milestones` folder.
        name: Of the model, for its file.

    Raises:
        ModelFileError: It cannot be written, or its numbers are not finite.
    """
    path = folder / f"step-{state.step:09d}.safetensors"
    training = msgspec.structs.replace(state.config.training, teacher_mode="off")
    bundle = ModelBundle(
        name=f"{name} at step {state.step:,}",
        config=shareable(msgspec.structs.replace(state.config, training=training)),
        vae=state.kept_vae,
        teacher=None,
        prior=state.kept_prior,
        vocabulary=vocabulary,
        directions=(),
        experts=(),
        calibration=Calibration(np.zeros((1, QUANTILES), dtype=np.float32)),
        card={"steps": state.step, "images_seen": state.images, "milestone": True},
    )
    for module in state.networks.values():
        module.train()
    save_model(bundle, path)
    thin_out(folder, most=state.config.training.milestones + 1)
    return path


def list_milestones(folder: Path) -> list[Path]:
    """Milestones by step, the first first."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


def step_of(path: Path) -> int:
    """The step after which a milestone was kept.

    Raises:
        ValueError: It is none by its name.
    """
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise ValueError(path.name)
    return int(found[1])


def forget_milestones_after(folder: Path, step: int) -> None:
    """Drop those of steps that will be done again."""
    for path in list_milestones(folder):
        if step_of(path) > step:
            path.unlink(missing_ok=True)


def thin_out(folder: Path, *, most: int, max_bytes: int = MAX_BYTES) -> None:
    """Leave at most so many milestones, spread over the steps; the first and the newest stay."""
    paths = list_milestones(folder)
    while len(paths) > 2 and (len(paths) > most or sum(path.stat().st_size for path in paths) > max_bytes):
        crowded = _most_crowded([step_of(path) for path in paths])
        paths.pop(crowded).unlink(missing_ok=True)


def _most_crowded(steps: Sequence[int]) -> int:
    """Place of the inner step whose neighbours are closest to each other; the earliest of equals."""
    return min(range(1, len(steps) - 1), key=lambda place: (steps[place + 1] - steps[place - 1], place))
