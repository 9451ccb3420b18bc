"""`evaluate --samples`: a model's own sprites beside the art that it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from lunar_studio.cli.answer import Answer, WrongUsage, table, warn
from lunar_studio.cli.progress import Progress
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_file

if TYPE_CHECKING:
    from lunar_studio.core.arrays import U8
    from lunar_studio.data.dataset import Dataset
    from lunar_studio.evaluation.distributions import FeatureFigures
    from lunar_studio.evaluation.intervals import I64, Estimate
    from lunar_studio.evaluation.samples import SampleFigures, Sides
    from lunar_studio.explore.engine import Engine

# For a model that draws any number of colours: what the sprite family draws.
_USUAL_COLOURS = 16
_KID_SCALE = 1000


def evaluate_samples(engine: Engine, source: Path, *, count: int, seed: int) -> Answer:
    """Draw samples without words, choose none of them, and compare.

    Args:
        engine: The model.
        source: A built data set, best the one that the model learnt from.
        count: How many samples.
        seed: Of the samples, and of what judges them.

    Raises:
        WrongUsage: The source is no data set, or there are too few samples.
        DatasetError: The data set cannot be used, or holds out too few families.
    """
    from lunar_studio.data.dataset import FACTS_FILE, Dataset
    from lunar_studio.evaluation import lite0, samples, two_sample

    if not is_file(source / FACTS_FILE):
        raise WrongUsage(
            "--samples needs a data set, with sprites held out.", hint="Make one with `lunar-studio dataset build`."
        )
    if count < two_sample.FOLDS:
        raise WrongUsage(f"--samples needs {two_sample.FOLDS} sprites at least.", hint="Some hundreds say more.")
    dataset = Dataset.open(source)
    side = _side(engine, dataset.size)
    sides = _sides(dataset, side)
    for families in (sides.held_out_families_N, sides.training_families_T):
        if len(set(families.tolist())) < two_sample.FOLDS:
            raise DatasetError(
                f"The data set has fewer than {two_sample.FOLDS} families on one side of its split.",
                hint="Samples can only be judged beside more art: build a larger data set.",
            )
    same_art = is_its_own(engine, dataset)
    network = lite0.load() if lite0.is_installed() else None
    if network is None:
        warn(f"KID, precision, recall, density and coverage are left out: they need `{lite0.INSTALL}`.")
    colours = _colours(engine)
    with _Stages() as stages:
        drawn = _drawn(engine, count, seed, side)
        figures = samples.evaluate_samples(
            drawn, sides, colours=colours, network=network, seed=seed, progress=stages.show
        )
    document = {
        "model": engine.info.digest,
        "dataset": dataset.digest,
        "same_art": same_art,
        "size": side,
        "seed": seed,
        "count": count,
        "held_out": len(sides.held_out_NHWC),
        "training": len(sides.training_THWC),
        "colours": colours,
        **_document(figures, dataset),
    }
    heading = (
        f"{engine.info.name}: {count:,} samples of seed {seed} beside {len(sides.held_out_NHWC):,} held-out and "
        f"{len(sides.training_THWC):,} training sprites of {side} × {side} px"
    )
    return Answer(f"{heading}\n\n{_table(figures)}\n\n{_closing(figures, colours)}", document)


class _Stages:
    """One line of progress for each thing that is done, one after the other."""

    def __init__(self) -> None:
        self._title = ""
        self._progress = Progress("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.__exit__()

    def show(self, title: str, done: int, total: int) -> None:
        """Say how far it is."""
        if title != self._title:
            self._progress.__exit__()
            self._title, self._progress = title, Progress(title)
        self._progress.__enter__()(done, total)


def _side(engine: Engine, art_px: int) -> int:
    """Width and height at which to compare: the model's own for art, else the data set's where it divides."""
    return engine.art_px or (art_px if engine.info.image_size % art_px == 0 else engine.info.image_size)


def _sides(dataset: Dataset, side: int) -> Sides:
    from lunar_studio.evaluation.samples import Sides

    held_out, training = dataset.indices("validation"), dataset.indices("train")
    return Sides(
        _at(dataset, held_out, side),
        dataset.families[held_out],
        _at(dataset, training, side),
        dataset.families[training],
    )


def _at(dataset: Dataset, chosen: I64, side: int) -> U8:
    """Sprites of a data set, fitted where they are of another size."""
    import numpy as np

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.pixels.fit import fit

    sprites_NHWC = np.asarray(dataset.sprites_NHWC[chosen])
    if dataset.size == side or not len(chosen):
        return sprites_NHWC
    return np.stack([fit(Sprite(sprite), side).sprite.rgba_HWC for sprite in sprites_NHWC])


def is_its_own(engine: Engine, dataset: Dataset) -> bool | None:
    """Whether the model's card names this data set; None when it names none. Warns when it is another."""
    named = engine.info.card.get("art_digest")
    if not isinstance(named, str):
        return None
    if named != dataset.digest:
        warn("The model learnt from another data set than this one: what is held out here it may have seen.")
    return named == dataset.digest


def _colours(engine: Engine) -> int:
    from lunar_studio.core.config import SpriteVaeConfig

    vae = engine.bundle.config.vae
    return vae.colours if isinstance(vae, SpriteVaeConfig) else _USUAL_COLOURS


def _drawn(engine: Engine, count: int, seed: int, side: int) -> U8:
    """Samples at the art's size, uint8 (count, side, side, 4)."""
    import numpy as np
    import torch

    from lunar_studio.evaluation.reconstruction import at_size
    from lunar_studio.explore.inventing import invent

    _, sprites = invent(engine, count, seed=seed)
    rgba_BHWC = torch.from_numpy(np.stack([sprite.rgba_HWC for sprite in sprites]))
    drawn: U8 = at_size(rgba_BHWC, side).numpy()
    return drawn


# ---- telling it ------------------------------------------------------------------------------------


def _document(figures: SampleFigures, dataset: Dataset) -> dict[str, object]:
    """The figures as JSON has them; near copies are named."""
    names, training = dataset.names, dataset.indices("train")
    copies = figures.novelty
    return {
        "compared": figures.compared,
        "told_apart": figures.told_apart,
        "features": figures.seen,
        "near_copies": {
            "share": copies.copies,
            "real_share": copies.real_copies,
            "limit": copies.limit,
            "distance": copies.distance,
            "real_distance": copies.real_distance,
            "nearest": [
                {"sample": sample, "sprite": names[training[sprite]]}
                for sample, sprite in zip(copies.worst, copies.worst_sources, strict=True)
            ],
        },
        "craft": {"samples": figures.samples, "real": figures.real},
    }


def _table(figures: SampleFigures) -> str:
    apart, near = figures.told_apart, figures.novelty
    rows = [
        ["", "samples", "real", ""],
        ["told apart, AUC", _plus(apart.hardened), _plus(apart.real), "0.5 cannot be told from art, 1 always can"],
        ["  as files", _plus(apart.as_files), "", "with half-transparency and every colour"],
    ]
    if figures.seen is not None:
        rows += _feature_rows(figures.seen.samples, figures.seen.real)
    rows += [
        [
            "near copies",
            _percent(near.copies),
            f"{100 * near.real_copies:.1f} %",
            "nearer to training art than unseen art is",
        ],
        ["colours", _plus(figures.samples.colours, 1), _plus(figures.real.colours, 1), "of a sprite"],
        ["empty", _percent(figures.samples.empty), _percent(figures.real.empty), "sprites that show nothing"],
        ["opaque", _percent(figures.samples.opaque), _percent(figures.real.opaque), "of the picture"],
        ["half-transparent", _percent(figures.samples.half_transparent), _percent(figures.real.half_transparent), ""],
        ["stray pixels", _percent(figures.samples.stray), _percent(figures.real.stray), "sprites with some"],
        ["any lint warning", _percent(figures.samples.warned), _percent(figures.real.warned), "sprites with one"],
    ]
    return table(rows, right=frozenset({1, 2}))


def _feature_rows(samples: FeatureFigures, real: FeatureFigures) -> list[list[str]]:
    return [
        ["KID × 1000", _plus(samples.kid, 2, _KID_SCALE), _plus(real.kid, 2, _KID_SCALE), "0 is what two draws have"],
        ["precision", _plus(samples.precision), _plus(real.precision), "samples that fall among art"],
        ["recall", _plus(samples.recall), _plus(real.recall), "art that falls among samples"],
        ["density", _plus(samples.density), _plus(real.density), "how deep among art they fall"],
        ["coverage", _plus(samples.coverage), _plus(real.coverage), "art that has a sample near"],
    ]


def _closing(figures: SampleFigures, colours: int) -> str:
    lines = [
        f"{figures.compared:,} on either side. “real” has training sprites in the place of samples, and for craft the",
        "held-out ones. ± is half of a 95 % interval; families of art count as one, samples one by one.",
        f"The first AUC is the one to quote: both sets with hard alpha and at most {colours} colours, so that it is",
        "the drawing that is judged, not what the file can hold.",
    ]
    if figures.seen is not None:
        lines.append("KID to coverage are seen through EfficientNet-Lite0; compare them with each other only.")
    return "\n".join(lines)


def _plus(estimate: Estimate, digits: int = 3, scale: float = 1.0) -> str:
    return f"{estimate.value * scale:.{digits}f} ± {estimate.half_width * scale:.{digits}f}"


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} % ± {100 * estimate.half_width:.1f}"
