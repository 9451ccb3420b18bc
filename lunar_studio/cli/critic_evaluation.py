"""`evaluate --critic`: whether the teacher's score can be trusted, on the art that it has never seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli.answer import Answer, WrongUsage, table
from lunar_studio.cli.progress import Progress
from lunar_studio.cli.samples_evaluation import is_its_own
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_file

if TYPE_CHECKING:
    from lunar_studio.core.arrays import U8
    from lunar_studio.evaluation.critic import CriticFigures
    from lunar_studio.evaluation.intervals import Estimate
    from lunar_studio.explore.engine import Engine


def evaluate_critic(engine: Engine, source: Path, *, seed: int) -> Answer:
    """Harm the held-out art of a data set in every way and ask the teacher.

    Args:
        engine: The model.
        source: A built data set, best the one that the model learnt from.
        seed: Of the samples that the teacher is asked about.

    Raises:
        WrongUsage: The source is no data set, or the model has no teacher.
        DatasetError: The data set cannot be used, or holds nothing out.
    """
    import numpy as np

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.data.dataset import FACTS_FILE, Dataset
    from lunar_studio.evaluation import critic
    from lunar_studio.evaluation.judging import judge_all
    from lunar_studio.models.words import words_of

    if not is_file(source / FACTS_FILE):
        raise WrongUsage(
            "--critic needs a data set, with sprites held out.", hint="Make one with `lunar-studio dataset build`."
        )
    bundle = engine.bundle
    teacher, vae, vocabulary = bundle.teacher, bundle.vae, bundle.vocabulary
    if teacher is None:
        raise WrongUsage(
            "This model was trained without a teacher.", hint="Train one with teacher_mode other than `off`."
        )
    dataset = Dataset.open(source)
    held_out = dataset.indices("validation")
    if len(held_out) < 2:
        raise DatasetError("The data set holds out no sprites.", hint="Build one of more art.")
    sprites_NHWC = np.ascontiguousarray(dataset.sprites_NHWC[held_out])
    known = frozenset(vocabulary.words)
    captions = [dataset.captions[index] for index in held_out]
    # Two captions that differ in words the model never learnt are one to it.
    understood = [" ".join(sorted(known.intersection(words_of(caption)))) for caption in captions]
    with Progress("harming and judging") as progress:
        figures = critic.evaluate_critic(
            lambda sprites: judge_all(teacher, vae, sprites),
            lambda logit: bundle.calibration.percentile(0, logit),
            sprites_NHWC,
            dataset.families[held_out],
            understood,
            engine.fits_all([Sprite(rgba) for rgba in sprites_NHWC], captions),
            _drawn(engine, sprites_NHWC, seed),
            progress=progress,
        )
    document = {
        "model": engine.info.digest,
        "dataset": dataset.digest,
        "same_art": is_its_own(engine, dataset),
        "experts": bundle.experts,
        "severities": critic.SEVERITIES,
        "seed": seed,
        "figures": figures,
    }
    return Answer(_text(figures, bundle.experts, engine.info.name), document)


def _drawn(engine: Engine, sprites_NHWC: U8, seed: int) -> dict[str, U8]:
    """The model's own pictures: reconstructions of the art, samples, and samples of wilder noise."""
    import numpy as np

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.explore.inventing import invent

    count = len(sprites_NHWC)

    def pictures(sprites: Sequence[Sprite]) -> U8:
        return np.stack([sprite.rgba_HWC for sprite in sprites])

    latents = engine.encode_many([Sprite(sprite) for sprite in sprites_NHWC])
    return {
        "reconstructions": pictures(engine.decode_many(latents)),
        "samples": pictures(invent(engine, count, seed=seed)[1]),
        "wild samples": pictures(invent(engine, count, seed=seed, temperature=1.5)[1]),
    }


# ---- telling it ------------------------------------------------------------------------------------


def _text(figures: CriticFigures, experts: tuple[str, ...], name: str) -> str:
    from lunar_studio.evaluation.critic import MEDIUM, RECALLED, SEVERITIES

    medium, steady = SEVERITIES.index(MEDIUM), figures.steadiness
    rows = [["damage", *(f"{severity:g}" for severity in SEVERITIES), "Spearman", *experts]]
    rows += [
        [
            family,
            *(f"{estimate.value:.3f}" for estimate in found.auroc_by_severity),
            f"{found.spearman.value:.3f}",
            *(f"{fall:.1f}" for fall in found.falls_E),
        ]
        for family, found in figures.against.items()
    ]
    each = list(figures.against.values())
    lowest = min(found.auroc_by_severity[medium].value for found in each)
    mean = sum(found.auroc_by_severity[medium].value for found in each) / len(each)
    spearman = sum(found.spearman.value for found in each) / len(each)
    alike = [found.auroc_of_families for found in each]
    lines = [
        f"The teacher of {name} on {figures.sprites:,} unseen sprites: how often a real one scores above a harmed one,",
        "by severity; how well its score follows severity; and how far each expert falls at medium severity, in",
        "standard deviations over real art.",
        "",
        table(rows, right=frozenset(range(1, len(rows[0])))),
        "",
        f"at medium severity ({MEDIUM:g}): mean {mean:.3f}, lowest {lowest:.3f}; Spearman {spearman:.3f}",
        f"every family of art counting alike: mean {sum(alike) / len(alike):.3f}, lowest {min(alike):.3f}",
        *(f"against {title}: {_plus(found)}" for title, found in figures.against_drawn.items()),
        "shares of the gate: "
        + ", ".join(f"{title} {share:.0%}" for title, share in zip(experts, figures.shares_E, strict=True)),
        f"points the score moves (medians): {steady.flip:.1f} by a flip, {steady.shift:.1f} by a shift of one pixel",
        f"error of the percentile: {figures.calibration_error:.1f} points",
    ]
    if figures.recall is not None:
        lines.append(
            f"words find their sprite among the first {RECALLED}: {_plus(figures.recall.words_to_sprite)}; a sprite "
            f"its words: {_plus(figures.recall.sprite_to_words)} ({figures.recall.captions} different captions)"
        )
    return "\n".join(lines)


def _plus(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ± {estimate.half_width:.3f}"
