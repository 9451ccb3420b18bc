"""`evaluate`: how near reconstructions come to unseen art, how like art samples are, how the teacher judges."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage, table
from lunar_studio.cli.art import Art, Picture
from lunar_studio.cli.critic_evaluation import evaluate_critic
from lunar_studio.cli.progress import Progress
from lunar_studio.cli.samples_evaluation import evaluate_samples
from lunar_studio.paths import is_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lunar_studio.core.arrays import U8
    from lunar_studio.evaluation.intervals import Estimate
    from lunar_studio.evaluation.reconstruction import Figures, FileFigures
    from lunar_studio.explore.engine import Engine
    from lunar_studio.pixels.fit import Fitted

_SAMPLES, _REFINED = 512, 64
_MOST = 10_000


def add_to(commands: options.Commands) -> None:
    """Add `evaluate`."""
    parser = commands.add_parser("evaluate", help="how near a model comes to art")
    parser.add_argument(
        "source", type=Path, metavar="SRC", help="picture, folder, zip, or data set (its validation part is used)"
    )
    options.add_model(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--per-file", action="store_true", help="also the figures of each file")
    what.add_argument(
        "--refined",
        type=options.positive_number,
        metavar="SECONDS",
        help="also how near it comes when each latent is optimised for so long",
    )
    what.add_argument(
        "--samples", action="store_true", help="instead, how like the held-out art of a data set its own sprites are"
    )
    what.add_argument(
        "--critic", action="store_true", help="instead, how its teacher's score falls when held-out art is harmed"
    )
    parser.add_argument(
        "--count",
        type=options.whole_number(1, _MOST),
        metavar="N",
        help=f"sprites to draw with --samples (default: {_SAMPLES}) or to take with --refined (default: {_REFINED})",
    )
    parser.add_argument(
        "--seed",
        type=options.whole_number(0, options.MAX_SEED),
        default=0,
        metavar="S",
        help="of the samples and of the networks that judge them (default: 0)",
    )
    options.add_json(parser)
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> Answer:
    """Encode, draw and compare; or draw samples and compare those; or ask the teacher about harmed art.

    Raises:
        WrongUsage: Options do not go together.
        ModelFileError: The model cannot be used.
        DatasetError: There is no picture to use.
    """
    if arguments.count is not None and not arguments.samples and arguments.refined is None:
        raise WrongUsage("--count is for --samples and --refined.", hint="Leave it out, or add one of them.")
    engine = options.open_engine(arguments)
    if arguments.samples:
        return evaluate_samples(engine, arguments.source, count=arguments.count or _SAMPLES, seed=arguments.seed)
    if arguments.critic:
        return evaluate_critic(engine, arguments.source, seed=arguments.seed)
    return _reconstructions(engine, arguments)


def _reconstructions(engine: Engine, arguments: argparse.Namespace) -> Answer:
    import numpy as np

    from lunar_studio.evaluation import reconstruction
    from lunar_studio.evaluation.choice import evenly
    from lunar_studio.pixels.fit import fit

    art = Art([arguments.source], part="validation")
    pictures = list(art)
    art.require_some()
    families_N = _families(arguments.source)
    side = art_side(engine, pictures)
    fitted = [fit(picture.sprite, side) for picture in pictures]
    sprites_NHWC = np.stack([found.sprite.rgba_HWC for found in fitted])
    figures, each = reconstruction.evaluate(engine.bundle, sprites_NHWC, families_N=families_N)
    attainable = _attainable(engine, sprites_NHWC, families_N)
    changed = sum(bool(found.note) for found in fitted)
    document = {
        **figures,
        "exact_attainable": attainable,
        "model": engine.info.digest,
        "size": side,
        "fitted": changed,
        "refused": art.refused,
    }
    lines = [
        f"{engine.info.name} on {figures['count']:,} sprites of {side} × {side} px"
        + (f" ({changed:,} of them fitted to that size)" if changed else ""),
        *_figure_lines(figures, attainable),
    ]
    if arguments.per_file:
        document["files"] = _files(pictures, fitted, each)
        lines += ["", _file_table(pictures, each)]
    if arguments.refined is not None:
        chosen = evenly(len(pictures), arguments.count or _REFINED)
        families_M = families_N[chosen] if families_N is not None else None
        before = reconstruction.summary([each[index] for index in chosen.tolist()], families_M)
        after = _refined(engine, sprites_NHWC[chosen], families_M, arguments.refined)
        document["refined"] = {"seconds": arguments.refined, "before": before, "after": after}
        lines += _refined_lines(arguments.refined, before, after)
    return Answer("\n".join(lines), document)


def _families(source: Path) -> npt.NDArray[np.int64] | None:
    """Families of a data set's validation part; None where nothing is known of them."""
    from lunar_studio.data.dataset import FACTS_FILE, Dataset

    if not is_file(source / FACTS_FILE):
        return None
    dataset = Dataset.open(source)
    return dataset.families[dataset.indices("validation")]


def _attainable(engine: Engine, sprites_NHWC: U8, families_N: npt.NDArray[np.int64] | None) -> Estimate | None:
    """The ceiling of exact pixels for the model's number of colours; None for one that has no such number."""
    from lunar_studio.core.config import SpriteVaeConfig
    from lunar_studio.evaluation import ceiling, intervals

    vae = engine.bundle.config.vae
    if not isinstance(vae, SpriteVaeConfig):
        return None
    return intervals.mean([ceiling.exact_attainable(sprite, vae.colours) for sprite in sprites_NHWC], families_N)


def _refined(engine: Engine, sprites_NHWC: U8, families_N: npt.NDArray[np.int64] | None, seconds: float) -> Figures:
    """Figures after so many seconds of optimisation for each sprite."""
    import torch

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.evaluation import reconstruction
    from lunar_studio.explore.refine import refine

    each = []
    with Progress("refining") as progress:
        for done, original_HWC in enumerate(sprites_NHWC):
            progress(done, len(sprites_NHWC))
            *_, best = refine(engine, Sprite(original_HWC), seconds=seconds)
            drawn = reconstruction.at_size(torch.from_numpy(best.sprite.rgba_HWC.copy())[None], original_HWC.shape[0])
            each.append(reconstruction.compare(original_HWC, drawn[0].numpy()))
    return reconstruction.summary(each, families_N)


def _figure_lines(figures: Figures, attainable: Estimate | None) -> list[str]:
    half = figures["confidence"]
    ceiling = f" (no such sprite can pass {attainable.value:.4f})" if attainable is not None else ""
    pooled_iou = f"{figures['alpha_iou_pooled']:.4f} ± {half['alpha_iou_pooled']:.4f}"
    pooled_psnr = f"{figures['psnr_pooled']:.2f} dB ± {half['psnr_pooled']:.2f}"
    return [
        f"  psnr         {figures['psnr']:.2f} dB ± {half['psnr']:.2f}; over all pixels {pooled_psnr}",
        f"  ssim         {figures['ssim']:.4f} ± {half['ssim']:.4f}",
        f"  exact pixels {figures['exact_pixel']:.4f} ± {half['exact_pixel']:.4f}{ceiling}",
        f"  alpha IoU    {figures['alpha_iou']:.4f} ± {half['alpha_iou']:.4f}; over all pixels {pooled_iou}",
        f"  off palette  {figures['off_palette']:.4f} ± {half['off_palette']:.4f} of what is drawn",
        f"  colours      {figures['colours_in']:.1f} in, {figures['colours_out']:.1f} out",
    ]


def _refined_lines(seconds: float, before: Figures, after: Figures) -> list[str]:
    def exact(figures: Figures) -> str:
        return f"{figures['exact_pixel']:.4f} ± {figures['confidence']['exact_pixel']:.4f}"

    return [
        "",
        f"After {seconds:g} s of refinement each, on {after['count']:,} of them, evenly chosen:",
        f"  exact pixels {exact(after)}, before {exact(before)}",
        f"  psnr         {after['psnr']:.2f} dB, before {before['psnr']:.2f} dB",
        f"  alpha IoU    {after['alpha_iou']:.4f}, before {before['alpha_iou']:.4f}",
    ]


def _files(pictures: list[Picture], fitted: list[Fitted], each: list[FileFigures]) -> list[dict[str, object]]:
    return [
        {"file": picture.path, "fitted": found.note, **row}
        for picture, found, row in zip(pictures, fitted, each, strict=True)
    ]


def _file_table(pictures: list[Picture], each: list[FileFigures]) -> str:
    rows = [["exact", "psnr", "file"]]
    rows += [
        [f"{row['exact_pixel']:.3f}", f"{row['psnr']:.1f}", picture.path]
        for picture, row in zip(pictures, each, strict=True)
    ]
    return table(rows, right=frozenset({0, 1}))


def art_side(engine: Engine, pictures: list[Picture]) -> int:
    """Width and height at which to compare, in pixels.

    That of the art the model learned from; for a model that takes any size, the most frequent one of these
    pictures that divides its own.
    """
    if engine.art_px:
        return engine.art_px
    size = engine.info.image_size
    sides = Counter(max(picture.sprite.width, picture.sprite.height) for picture in pictures)
    return next((side for side, _ in sides.most_common() if size % side == 0), size)
