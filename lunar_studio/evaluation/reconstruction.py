"""How near a model's reconstructions come to the art: figures that an artist and a paper both read.

All figures compare straight-alpha uint8 pictures at the art's own size. Shapes: N sprites, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lunar_studio.core.arrays import F32, U8
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.interface import LatentModel

# A channel error below this is invisible beside its neighbours; 16 levels of 256.
EXACT_BELOW = 16
_BATCH = 64


class FileFigures(TypedDict):
    """Figures of one sprite."""

    psnr: float
    ssim: float
    exact_pixel: float
    alpha_iou: float
    colours_in: int
    colours_out: int


class Figures(TypedDict):
    """Means over all sprites, with half-widths of their 95 % confidence intervals."""

    count: int
    psnr: float
    ssim: float
    exact_pixel: float
    alpha_iou: float
    colours_in: float
    colours_out: float
    confidence: dict[str, float]


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
    intersection over union of the pixels with alpha of at least 128; 1 when both have none.
    """
    original, drawn = _premultiplied(original_HWC), _premultiplied(drawn_HWC)
    error = np.abs(original - drawn)
    squared = float((error.astype(np.float64) ** 2).mean())
    solid, solid_drawn = original_HWC[..., 3] >= 128, drawn_HWC[..., 3] >= 128
    union = int((solid | solid_drawn).sum())
    return FileFigures(
        psnr=min(99.0, 10.0 * float(np.log10(255.0**2 / squared))) if squared > 0 else 99.0,
        ssim=_ssim(original, drawn),
        exact_pixel=float((error.max(axis=2) < EXACT_BELOW).mean()),
        alpha_iou=float((solid & solid_drawn).sum()) / union if union else 1.0,
        colours_in=_colours(original_HWC),
        colours_out=_colours(drawn_HWC),
    )


def evaluate(
    bundle: ModelBundle, sprites_NHWC: U8, *, should_stop: Callable[[], bool] = lambda: False
) -> tuple[Figures, list[FileFigures]]:
    """Figures of a model on sprites of one size, (N, H, W, 4), N >= 1, and those of each sprite."""
    return evaluate_vae(bundle.vae, sprites_NHWC, should_stop=should_stop)


def evaluate_vae(
    vae: LatentModel, sprites_NHWC: U8, *, should_stop: Callable[[], bool] = lambda: False
) -> tuple[Figures, list[FileFigures]]:
    """As `evaluate`, for the VAE alone; it must be in eval mode."""
    each = [
        compare(original, drawn)
        for originals, pictures in reconstructions(vae, sprites_NHWC, should_stop)
        for original, drawn in zip(originals, pictures, strict=True)
    ]
    return summary(each), each


def summary(each: list[FileFigures]) -> Figures:
    """Means and confidence of figures of single sprites."""
    table = np.array([_row(figures) for figures in each], dtype=np.float64).reshape(-1, len(_KEYS))
    means = table.mean(axis=0) if len(table) else np.zeros(len(_KEYS))
    spread = table.std(axis=0, ddof=1) / np.sqrt(len(table)) * 1.96 if len(table) > 1 else np.zeros(len(_KEYS))
    values = {key: float(value) for key, value in zip(_KEYS, means, strict=True)}
    return Figures(
        count=len(table),
        psnr=values["psnr"],
        ssim=values["ssim"],
        exact_pixel=values["exact_pixel"],
        alpha_iou=values["alpha_iou"],
        colours_in=values["colours_in"],
        colours_out=values["colours_out"],
        confidence={key: float(value) for key, value in zip(_KEYS, spread, strict=True)},
    )


def _row(f: FileFigures) -> list[float]:
    return [f["psnr"], f["ssim"], f["exact_pixel"], f["alpha_iou"], f["colours_in"], f["colours_out"]]


_KEYS = ("psnr", "ssim", "exact_pixel", "alpha_iou", "colours_in", "colours_out")
_WINDOW = 7


def _premultiplied(rgba_HWC: U8) -> F32:
    planes = rgba_HWC.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / 255.0
    return planes


def _colours(rgba_HWC: U8) -> int:
    return len(np.unique(rgba_HWC[rgba_HWC[..., 3] > 0], axis=0))


def _ssim(
    a_HWC: F32,
    b_HWC: F32,
) -> float:
    window = min(_WINDOW, a_HWC.shape[0], a_HWC.shape[1])
    a, b = (torch.from_numpy(x.astype(np.float64)).permute(2, 0, 1)[None] for x in (a_HWC, b_HWC))
    mean_a, mean_b = F.avg_pool2d(a, window, 1), F.avg_pool2d(b, window, 1)
    var_a = F.avg_pool2d(a * a, window, 1) - mean_a**2
    var_b = F.avg_pool2d(b * b, window, 1) - mean_b**2
    both = F.avg_pool2d(a * b, window, 1) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(similar.mean())
