"""From trained networks to a model that can be explored: encode the art, find directions, calibrate.

Takes a second or two on a laptop where a run was stopped, so that it always leaves a usable model; a run that ends by
itself also gets a map of its art, which takes longer. Shapes: N sprites, L latent numbers, E experts.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.config import RunConfig
from lunar_studio.core.fine_tuning import shareable
from lunar_studio.core.sprite_map import FeatureSpace
from lunar_studio.data.dataset import I64, Dataset
from lunar_studio.data.likeness import train_fingerprints
from lunar_studio.evaluation.judging import judge_all
from lunar_studio.models.art_prints import MAX_NAME, MAX_SPRITES, ArtPrints
from lunar_studio.models.atlas import MAX_POINTS, Atlas
from lunar_studio.models.bundle import Calibration, ModelBundle
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.map_layout import map_places
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import Vocabulary
from lunar_studio.pixels import damage
from lunar_studio.training.device import lay_out
from lunar_studio.training.directions import find_directions
from lunar_studio.training.lessons import family_weights, training_captions
from lunar_studio.training.state import TrainState

_BATCH = 64
# Sprites encoded, judged for calibration, damaged to name the experts, and moved to see what a direction does; the
# second is for runs that were stopped, whose artist is waiting.
_SPRITES = (1024, 512, 24, 6)
_SPRITES_QUICK = (384, 128, 4, 2)
_NAMING_SEVERITY = 0.6
# "Better than so many of 100" means nothing beside two sprites; those it was taught on are the lesser evil.
_ENOUGH = 32
_TOPIC_STREAM = 13
_FILLED_SHARE = 0.3

JUDGED_AS: Mapping[str, str] = {
    "blur": "crispness",
    "wrong-grid": "pixel grid",
    "soft-edges": "edges",
    "jpeg": "compression",
    "noise": "noise",
    "orphans": "stray pixels",
    "palette-noise": "flat colour",
    "palette-explosion": "palette size",
    "colour-swap": "colour harmony",
    "posterise": "shading",
    "broken-outline": "outline",
    "holes": "silhouette",
    "patch-shuffle": "structure",
    "foreign-patch": "unity",
    "row-shift": "line work",
}
"""What an expert is called that minds a family of damage (`pixels.damage`) most."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "sharpness": ("blur", "wrong-grid", "soft-edges", "jpeg"),
    "colours": ("noise", "palette-noise", "palette-explosion", "posterise"),
    "structure": ("colour-swap", "foreign-patch", "patch-shuffle", "row-shift"),
    "silhouette": ("broken-outline", "holes", "orphans"),
}
"""What it is called where no more experts than these share all families between them."""


def finish(
    state: TrainState,
    dataset: Dataset,
    vocabulary: Vocabulary,
    name: str,
    card: Mapping[str, object],
    *,
    quick: bool = False,
) -> ModelBundle:
    """The model as it is now; the live networks are copied and go on unharmed.

    Args:
        state: The run's state.
        dataset: What it trains on.
        vocabulary: The words of its captions.
        name: For the model switcher.
        card: Facts to keep with it.
        quick: Look at fewer sprites: about a third of the time.
    """
    encoded, calibrated, named_from, moved = _SPRITES_QUICK if quick else _SPRITES
    copies = {
        part: lay_out(copy.deepcopy(state.finished(part)).cpu().float().eval(), torch.contiguous_format)
        for part in state.networks
    }
    for part, module in state.networks.items():
        if part not in state.averages:
            module.train()
    vae = cast(LatentModel, copies["vae"])
    teacher = cast("LunarMoETeacher | None", copies.get("teacher"))
    chosen = _spread(dataset.indices("train"), encoded)
    sprites = np.ascontiguousarray(dataset.sprites_NHWC[chosen])
    mu = encode_all(vae, sprites)
    prior = cast(LatentPrior, copies["prior"])
    prior.topics_TD.copy_(_topics(dataset, vocabulary, state.config))
    experts, calibration = read_teacher(teacher, vae, dataset, sprites=calibrated, named_from=named_from)
    return ModelBundle(
        name=name,
        config=shareable(state.config),
        vae=vae,
        teacher=teacher,
        prior=prior,
        vocabulary=vocabulary,
        directions=find_directions(vae, mu, sprites, moved=moved),
        experts=experts,
        calibration=calibration,
        card=card,
        prints=art_prints(dataset),
        # Whoever stops a run waits for it; a model without a map shows one of what it invents.
        atlas=None if quick else art_atlas(dataset, vae, teacher, calibration),
    )


def art_atlas(
    dataset: Dataset, vae: LatentModel, teacher: LunarMoETeacher | None, calibration: Calibration
) -> Atlas | None:
    """A map of the training art for the model file: at most 4,096 sprites; half a minute on one core for so many.

    None where there is nothing to lay out, or the networks' numbers are no longer finite.

    Args:
        dataset: What was trained on.
        vae: Says what the sprites are, on the CPU.
        teacher: Scores them.
        calibration: What its logits mean.
    """
    train = dataset.indices("train")
    rows = _spread(np.arange(len(train)), MAX_POINTS)
    if not len(rows):
        return None
    sprites = np.ascontiguousarray(dataset.sprites_NHWC[train[rows]])
    latents_ND, sigmas_D = _invented(vae, sprites)
    if not (np.isfinite(latents_ND).all() and np.isfinite(sigmas_D).all()):
        return None
    space = FeatureSpace.of(latents_ND, vae.palette_dim)
    # A set too large for fingerprints has no names in the file either.
    named = rows if len(train) <= MAX_SPRITES else np.full(len(rows), -1)
    unscored = Atlas.of(
        latents_ND,
        sigmas_D,
        map_places(space.features(latents_ND)),
        np.full(len(rows), np.nan, np.float32),
        named.astype(np.int32),
    )
    if teacher is None:
        return unscored
    # What counts is what the model draws there, not the art itself: whoever clicks gets the former.
    logits = judge_all(teacher, vae, _drawn(vae, unscored.latents_ND)).logit_N.tolist()
    return unscored.scored(np.array([calibration.percentile(0, logit) for logit in logits], np.float32))


@torch.inference_mode()
def _drawn(vae: LatentModel, latents_ND: F32) -> U8:
    """What the model draws from invented numbers alone, uint8 (N, size, size, 4)."""
    missing = vae.latent_dim - latents_ND.shape[1]
    z_NL = torch.nn.functional.pad(torch.from_numpy(latents_ND), (0, missing))
    return torch.cat([vae.render(part) for part in torch.split(z_NL, _BATCH)]).numpy()


@torch.inference_mode()
def _invented(vae: LatentModel, sprites_NHWC: U8) -> tuple[F32, F32]:
    """The numbers of each latent that the model invents, and the mean spread of the encoder's answer for each."""
    kept = vae.invented_dim
    means, sigmas = [], []
    for start in range(0, len(sprites_NHWC), _BATCH):
        mu_BL, logvar_BL = vae.encode(vae.prepare(torch.from_numpy(sprites_NHWC[start : start + _BATCH])))
        means.append(mu_BL[:, :kept].float())
        sigmas.append((logvar_BL[:, :kept].float() / 2.0).exp())
    return torch.cat(means).numpy(), torch.cat(sigmas).mean(dim=0).numpy()


def art_prints(dataset: Dataset) -> ArtPrints | None:
    """What the model file shall keep of its training art; None where that would be too much for a file."""
    train = dataset.indices("train")
    if len(train) > MAX_SPRITES:
        return None
    codes_ND, limit = train_fingerprints(dataset)
    names = dataset.names
    kept = tuple(" ".join(names[index].splitlines())[-MAX_NAME:] for index in train)
    return ArtPrints(codes_ND, dataset.families[train].astype(np.int32), kept, limit)


@torch.inference_mode()
def encode_all(vae: LatentModel, sprites_NHWC: U8) -> Tensor:
    """Latent means of sprites, (N, L), on the CPU."""
    device = next(vae.parameters()).device
    parts = [
        vae.encode(
            vae.prepare(torch.from_numpy(np.ascontiguousarray(sprites_NHWC[start : start + _BATCH])).to(device))
        )[0]
        for start in range(0, len(sprites_NHWC), _BATCH)
    ]
    return torch.cat(parts).float().cpu().clone()


def _logits(teacher: LunarMoETeacher, vae: LatentModel, sprites_NHWC: U8) -> Tensor:
    """Logits (N, 1 + E): the whole, then each expert; on the CPU."""
    judged = judge_all(teacher, vae, sprites_NHWC)
    return torch.from_numpy(np.concatenate([judged.logit_N[:, None], judged.experts_NE], axis=1))


def card_of(dataset: Dataset, state: TrainState, figures: Mapping[str, object]) -> dict[str, object]:
    """Facts that travel with the model."""
    return {
        "art": dataset.facts.source,
        "art_px": dataset.size,
        "art_digest": dataset.digest,
        "art_licence": dataset.facts.licence[:20_000],
        "sprites": len(dataset.indices("train")),
        "held_out": len(dataset.indices("validation")),
        "steps": state.step,
        "images_seen": state.images,
        "trained_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "figures": dict(figures),
    }


def model_name(dataset: Dataset, run_dir: Path) -> str:
    """A name for the model switcher, from the run's folder or what the art is called: `dungeon-32` is Dungeon 32."""
    words = (run_dir.name or dataset.facts.source or "model").replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def read_teacher(
    teacher: LunarMoETeacher | None,
    vae: LatentModel,
    dataset: Dataset,
    *,
    sprites: int = _SPRITES[1],
    named_from: int = _SPRITES[2],
) -> tuple[tuple[str, ...], Calibration]:
    """Names of a teacher's experts, and what its logits mean.

    Args:
        teacher: On the CPU; None has no experts.
        vae: Prepares the pictures it is shown.
        dataset: Real sprites come from its held-out part, or from all of it where too few are held out to compare with.
        sprites: How many of them calibrate.
        named_from: How many of them are harmed, to see which expert minds what.
    """
    if teacher is None:
        return (), Calibration(np.zeros((1, 101), dtype=np.float32))
    held_out = dataset.indices("validation")
    chosen = _spread(held_out if len(held_out) >= _ENOUGH else np.arange(len(dataset)), sprites)
    real_NHWC = np.ascontiguousarray(dataset.sprites_NHWC[chosen])
    logits = _logits(teacher, vae, real_NHWC)
    return name_experts(teacher, vae, real_NHWC[:named_from], logits), Calibration.fit(logits)


def name_experts(teacher: LunarMoETeacher, vae: LatentModel, real_NHWC: U8, logits_NR: Tensor) -> tuple[str, ...]:
    """Names from evidence: each expert is called after the damage that it minds more than the others do.

    An expert's response to a family of damage is the fall of its logit in standard deviations over real
    art. Up to four experts are named after a kind of damage (`KINDS`), more after a family of it (`JUDGED_AS`);
    names are given greedily by how far a response stands above the other experts', each used once.
    """
    rng = np.random.default_rng(0)
    before = logits_NR[: len(real_NHWC), 1:]
    spread = logits_NR[:, 1:].std(dim=0).clamp(min=1e-6) if len(logits_NR) > 1 else torch.ones(before.shape[1])
    families = list(damage.FAMILIES)
    harmed = [damage.damage(sprite, family, _NAMING_SEVERITY, rng) for family in families for sprite in real_NHWC]
    after_FNE = _logits(teacher, vae, np.stack(harmed))[:, 1:].reshape(len(families), *before.shape)
    titles, table_TE = [JUDGED_AS[family] for family in families], ((before - after_FNE) / spread).mean(dim=1)
    if table_TE.shape[1] <= len(KINDS):
        titles = list(KINDS)
        table_TE = torch.stack(
            [table_TE[[families.index(name) for name in KINDS[kind]]].mean(dim=0) for kind in titles]
        )
    table_TE = table_TE - table_TE.mean(dim=1, keepdim=True)
    names: dict[int, str] = {}
    for flat in table_TE.flatten().argsort(descending=True).tolist():
        title, expert = titles[flat // table_TE.shape[1]], flat % table_TE.shape[1]
        if expert not in names and title not in names.values():
            names[expert] = title
    return tuple(names.get(expert, f"expert {expert + 1}") for expert in range(table_TE.shape[1]))


def _topics(dataset: Dataset, vocabulary: Vocabulary, config: RunConfig) -> Tensor:
    """Embeddings of captions for sprites asked for without words.

    Drawn as often as training drew their sprites, but seldom where a sprite hardly fills its picture: whoever asks for
    any sprite does not mean a lone glove.
    """
    indices = dataset.indices("train")
    visible = np.array([(dataset.sprites_NHWC[index, ..., 3] > 0).mean() for index in indices])
    weights = family_weights(dataset, config.training) * np.clip(visible / _FILLED_SHARE, 0.01, 1.0) ** 3
    rng = np.random.default_rng([config.training.seed, _TOPIC_STREAM])
    chosen = rng.choice(len(weights), config.prior.topics, p=weights / weights.sum())
    captions = training_captions(dataset)
    return vocabulary.embed_all([captions[index] for index in chosen])


def _spread(indices: I64, most: int) -> I64:
    """At most `most` of the indices, evenly from the whole."""
    if len(indices) <= most:
        return indices
    return indices[np.linspace(0, len(indices) - 1, most).astype(np.int64)]
