"""How near a model's reconstructions come to the art: figures that an artist and a paper both read.

All figures compare straight-alpha uint8 pictures at the art's own size. Shapes: N sprites, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lunar_studio.core.arrays import F32, U8
from lunar_studio.evaluation import intervals
from lunar_studio.evaluation.intervals import I64, Estimate
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.interface import LatentModel

# A channel error below this is invisible beside its neighbours; 16 levels of 256.
EXACT_BELOW = 16
SOLID = 128
"""Alpha from which a pixel counts as drawn."""

_BATCH = 64


class FileFigures(TypedDict):
    """Figures of one sprite; what they mean stands at `compare`."""

    psnr: float
    ssim: float
    exact_pixel: float
    alpha_iou: float
    off_palette: float
    colours_in: int
    colours_out: int
    squared_error: float
    alpha_intersection: int
    alpha_union: int


class Figures(TypedDict):
    """Figures of all sprites with their 95 % confidence intervals.

    Means over sprites, but for two that are pooled over pixels as segmentation benchmarks do: `psnr_pooled` is that of
    the mean squared error, and `alpha_iou_pooled` the sum of intersections over the sum of unions, which a few sprites
    of three pixels cannot spoil. `intervals` has (low, high) of each figure, from a bootstrap over families,
    `confidence` half of their lengths.
    """

    count: int
    psnr: float
    psnr_pooled: float
    ssim: float
    exact_pixel: float
    alpha_iou: float
    alpha_iou_pooled: float
    off_palette: float
    colours_in: float
    colours_out: float
    confidence: dict[str, float]
    intervals: dict[str, tuple[float, float]]


def reconstructions(
    vae: LatentModel, sprites_NHWC: U8, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[tuple[U8, U8]]:
    """Batches of (originals, reconstructions at the originals' size), both uint8 NHWC."""
    device = next(vae.parameters()).device
    for start in range(0, len(sprites_NHWC), _BATCH):
        if should_stop():
            return
        originals = np.ascontiguousarray(sprites_NHWC[start : start + _BATCH])
        with torch.inference_mode():
            mu, _ = vae.encode(vae.prepare(torch.from_numpy(originals).to(device)))
            drawn = at_size(vae.render(mu), originals.shape[1])
        yield originals, drawn.cpu().numpy()


def at_size(rgba_BHWC: Tensor, size: int) -> Tensor:
    """Rendered pictures at the art's size: box means when the model draws larger, repeats when smaller."""
    if rgba_BHWC.shape[1] == size:
        return rgba_BHWC
    planes = rgba_BHWC.permute(0, 3, 1, 2).float()
    mode = "area" if rgba_BHWC.shape[1] > size else "nearest"
    return F.interpolate(planes, size=size, mode=mode).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def compare(original_HWC: U8, drawn_HWC: U8) -> FileFigures:
    """Figures of one reconstruction.

    PSNR (dB, at most 99) and SSIM are taken on premultiplied RGBA, so that invisible colour does not
    count; SSIM with 7x7 uniform windows (Wang et al. 2004), the mean over channels. `exact_pixel` is
    the share of pixels whose every premultiplied channel is off by less than 16 of 255. `alpha_iou` is the
    intersection over union of the pixels with alpha of at least 128; 1 when both have none. `off_palette` is the
    share of the drawn ones among them whose colour is off by more than 16 in some channel from every visible colour of
    the original. `squared_error` is the mean behind the PSNR.
    """
    original, drawn = _premultiplied(original_HWC), _premultiplied(drawn_HWC)
    error = np.abs(original - drawn)
    squared = float((error.astype(np.float64) ** 2).mean())
    solid, solid_drawn = original_HWC[..., 3] >= SOLID, drawn_HWC[..., 3] >= SOLID
    both, union = int((solid & solid_drawn).sum()), int((solid | solid_drawn).sum())
    return FileFigures(
        psnr=_decibels(squared),
        ssim=_ssim(original, drawn),
        exact_pixel=float((error.max(axis=2) < EXACT_BELOW).mean()),
        alpha_iou=both / union if union else 1.0,
        off_palette=_off_palette(original_HWC[original_HWC[..., 3] > 0][:, :3], drawn_HWC[solid_drawn][:, :3]),
        colours_in=_colours(original_HWC),
        colours_out=_colours(drawn_HWC),
        squared_error=squared,
        alpha_intersection=both,
        alpha_union=union,
    )


def evaluate(
    bundle: ModelBundle,
    sprites_NHWC: U8,
    *,
    families_N: I64 | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Figures, list[FileFigures]]:
    """Figures of a model on sprites of one size, (N, H, W, 4), N >= 1, and those of each sprite."""
    return evaluate_vae(bundle.vae, sprites_NHWC, families_N=families_N, should_stop=should_stop)


def evaluate_vae(
    vae: LatentModel,
    sprites_NHWC: U8,
    *,
    families_N: I64 | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Figures, list[FileFigures]]:
    """As `evaluate`, for the VAE alone; it must be in eval mode.

    Args:
        vae: What encodes and draws.
        sprites_NHWC: uint8, straight alpha.
        families_N: Number of each sprite's family, for the intervals; each its own for None.
        should_stop: Asked before every batch; once it says so, the figures are those of the sprites so far.
    """
    each = [
        compare(original, drawn)
        for originals, pictures in reconstructions(vae, sprites_NHWC, should_stop)
        for original, drawn in zip(originals, pictures, strict=True)
    ]
    return summary(each, families_N), each


def summary(each: Sequence[FileFigures], families_N: I64 | None = None) -> Figures:
    """Means, pooled figures and intervals of figures of single sprites.

    Args:
        each: One for each sprite, in the order of the families.
        families_N: Number of the family of at least that many sprites; each its own for None.
    """
    families = None if families_N is None else np.asarray(families_N[: len(each)], np.int64)
    found: dict[str, Estimate] = {key: intervals.mean([row[key] for row in each], families) for key in _MEANS}
    found["alpha_iou_pooled"] = intervals.ratio(
        [row["alpha_intersection"] for row in each], [row["alpha_union"] for row in each], families
    )
    error = intervals.mean([row["squared_error"] for row in each], families)
    found["psnr_pooled"] = (
        # The larger the error, the smaller the ratio: the interval turns round.
        Estimate(_decibels(error.value), _decibels(error.high), _decibels(error.low)) if each else error
    )
    return Figures(
        count=len(each),
        psnr=found["psnr"].value,
        psnr_pooled=found["psnr_pooled"].value,
        ssim=found["ssim"].value,
        exact_pixel=found["exact_pixel"].value,
        alpha_iou=found["alpha_iou"].value,
        alpha_iou_pooled=found["alpha_iou_pooled"].value,
        off_palette=found["off_palette"].value,
        colours_in=found["colours_in"].value,
        colours_out=found["colours_out"].value,
        confidence={key: estimate.half_width for key, estimate in found.items()},
        intervals={key: (estimate.low, estimate.high) for key, estimate in found.items()},
    )


_MEANS: tuple[Literal["psnr", "ssim", "exact_pixel", "alpha_iou", "off_palette", "colours_in", "colours_out"], ...] = (
    "psnr",
    "ssim",
    "exact_pixel",
    "alpha_iou",
    "off_palette",
    "colours_in",
    "colours_out",
)
_WINDOW = 7


def _premultiplied(rgba_HWC: U8) -> F32:
    planes = rgba_HWC.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / 255.0
    return planes


def _decibels(squared: float) -> float:
    return min(99.0, 10.0 * float(np.log10(255.0**2 / squared))) if squared > 0 else 99.0


def _off_palette(palette_C3: U8, drawn_P3: U8) -> float:
    """Share of drawn pixels that are far from every colour of a palette; 0 of none."""
    if not len(drawn_P3):
        return 0.0
    colours, counts = np.unique(drawn_P3, axis=0, return_counts=True)
    palette = np.unique(palette_C3, axis=0).astype(np.int16)
    far = 0
    for colour, count in zip(colours.astype(np.int16), counts.tolist(), strict=True):
        far += 0 if (np.abs(palette - colour).max(axis=1) <= EXACT_BELOW).any() else count
    return far / len(drawn_P3)


def _colours(rgba_HWC: U8) -> int:
    return len(np.unique(rgba_HWC[rgba_HWC[..., 3] > 0], axis=0))


def _ssim(a_HWC: F32, b_HWC: F32) -> float:
    window = min(_WINDOW, a_HWC.shape[0], a_HWC.shape[1])
    a, b = (torch.from_numpy(x.astype(np.float64)).permute(2, 0, 1)[None] for x in (a_HWC, b_HWC))
    mean_a, mean_b = F.avg_pool2d(a, window, 1), F.avg_pool2d(b, window, 1)
    var_a = F.avg_pool2d(a * a, window, 1) - mean_a**2
    var_b = F.avg_pool2d(b * b, window, 1) - mean_b**2
    both = F.avg_pool2d(a * b, window, 1) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(similar.mean())
