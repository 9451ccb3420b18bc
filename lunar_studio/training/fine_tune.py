"""A run that starts from a model file: its weights, and its words with new ones added.

The run's folder keeps a copy of the model, so that the run can go on when the file has been moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lunar_studio.core.config import RunConfig
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import ConfigError, TrainingError
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import load_model, write_atomically
from lunar_studio.models.words import MAX_WORDS, Vocabulary, words_of
from lunar_studio.paths import is_taken
from lunar_studio.training.checkpoints import Stored
from lunar_studio.training.leg import Leg
from lunar_studio.training.lessons import training_captions


def keep_start(config: RunConfig, copy: Path) -> None:
    """Copy the model that a run starts from into its folder, once.

    Raises:
        ModelFileError: It is no model.
        ConfigError: Its network is another than the run's.
        TrainingError: The copy cannot be written.
    """
    if not config.training.start_from or is_taken(copy):
        return
    path = Path(config.training.start_from)
    bundle, _ = load_model(path)
    if bundle.config.vae != config.vae:
        raise ConfigError(
            f"The network of {path.name} is not the one this run is set to train.",
            hint="Take the configuration from the model (train --from without --preset), or start from nothing.",
        )
    try:
        write_atomically(path.read_bytes(), copy)
    except OSError as exc:
        raise TrainingError(
            f"The model to start from could not be copied to {copy}: {exc.strerror or exc}.",
            hint="Free some space, or choose another folder for the run.",
        ) from exc


def vocabulary_of(dataset: Dataset, config: RunConfig, start: Path) -> Vocabulary:
    """The words of a data set; after those of the model that the run starts from, if it does."""
    captions = training_captions(dataset)
    if not is_taken(start):
        return Vocabulary.fit(captions, config.teacher.embedding_dim)
    bundle, _ = load_model(start)
    return extended(bundle.vocabulary, captions)


def extended(vocabulary: Vocabulary, captions: Sequence[str]) -> Vocabulary:
    """The vocabulary with the new words of some captions.

    A new word gets a direction of its own, drawn from its letters: in many dimensions it hardly resembles any
    other, which is all that is known of it.
    """
    known = set(vocabulary.words)
    new = sorted({word for caption in captions for word in words_of(caption)} - known)
    new = new[: max(0, MAX_WORDS - len(known))]
    if not new:
        return vocabulary
    dimensions = vocabulary.vectors_VD.shape[1]
    length = float(vocabulary.vectors_VD.norm(dim=1).median()) if known else 1.0
    drawn = np.stack([_rng(word).standard_normal(dimensions, dtype=np.float32) for word in new])
    vectors = nn.functional.normalize(torch.from_numpy(drawn), dim=1) * length
    return Vocabulary((*vocabulary.words, *new), torch.cat([vocabulary.vectors_VD, vectors]))


def start_of(leg: Leg, start: Path) -> Stored | None:
    """The state a run begins with when it starts from a model; None when it starts from nothing.

    Parts that the model lacks or has in another shape begin afresh.
    """
    if not is_taken(start):
        return None
    bundle, _ = load_model(start)
    leg.begin()
    for part, module in bundle.modules().items():
        if part in leg.state.networks and _fits(bundle, leg.config, part):
            _take_over(leg.state.networks[part], module)
            if part in leg.state.averages:
                _take_over(leg.state.averages[part], module)
    return Stored(leg.state.tensors(), leg.state.scalars())


def _fits(bundle: ModelBundle, config: RunConfig, part: str) -> bool:
    own, theirs = config, bundle.config
    if part == "prior":
        return (own.vae, own.prior.hidden_dim, own.prior.blocks, own.prior.topics, own.teacher.embedding_dim) == (
            theirs.vae,
            theirs.prior.hidden_dim,
            theirs.prior.blocks,
            theirs.prior.topics,
            theirs.teacher.embedding_dim,
        )
    return own.teacher == theirs.teacher if part == "teacher" else own.vae == theirs.vae


@torch.no_grad()
def _take_over(network: nn.Module, other: nn.Module) -> None:
    """Weights and statistics; counters of batches stay."""
    theirs = other.state_dict()
    for key, value in network.state_dict().items():
        if key in theirs and not key.endswith("num_batches_tracked"):
            value.copy_(theirs[key])


def _rng(word: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little"))
