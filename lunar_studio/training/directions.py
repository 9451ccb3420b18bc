"""Directions for the sliders: principal components of the encoded art, ordered by what they move.

Colour and shape are analysed apart where the model keeps them apart (GANSpace, Haerkoenen et al. 2020,
does this for layers). A direction is named after the plain property of the pictures that it follows most
closely, when it follows one at all. Shapes: N sprites, L latent numbers, P properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lunar_studio.core.arrays import U8
from lunar_studio.core.latent import Direction, DirectionGroup
from lunar_studio.models.interface import LatentModel

_MOST: Mapping[DirectionGroup, int] = {"shape": 32, "colour": 16}
# Below this correlation a name would promise what the slider does not do.
_NAMING_CORRELATION = 0.35
_PROBES = 6
_BATCH = 64

F64 = npt.NDArray[np.float64]


def find_directions(
    vae: LatentModel, mu_NL: Tensor, sprites_NHWC: U8, *, moved: int = _PROBES
) -> tuple[Direction, ...]:
    """Directions of a model, shape first, each group ordered by how much of the picture it moves.

    Args:
        vae: In eval mode.
        mu_NL: Encoded means of the art, on the CPU.
        sprites_NHWC: The same sprites, uint8; their properties give the names.
        moved: How many of them are moved along each direction, to see how much of the picture it changes.
    """
    split = vae.palette_dim
    properties = picture_properties(sprites_NHWC)
    shape = _group(vae, mu_NL, "shape", slice(split, vae.invented_dim), properties, moved)
    colour = _group(vae, mu_NL, "colour", slice(0, split), properties, moved) if split else ()
    return (*shape, *colour)


def _group(
    vae: LatentModel, mu_NL: Tensor, group: DirectionGroup, part: slice, properties: dict[str, F64], moved: int
) -> tuple[Direction, ...]:
    values = mu_NL[:, part].double()
    mean = values.mean(dim=0)
    count = min(_MOST[group], values.shape[1], max(1, len(values) - 1))
    _, spread, axes = torch.linalg.svd(values - mean, full_matrices=False)
    coordinates = ((values - mean) @ axes[:count].T).numpy()
    found: list[Direction] = []
    for index in range(count):
        sigma = float(spread[index]) / max(1.0, len(values) - 1.0) ** 0.5
        if sigma < 1e-4:
            continue
        name, sign = _best_name(coordinates[:, index], properties, group)
        axis = torch.zeros(mu_NL.shape[1])
        axis[part] = (axes[index] * sign).float()
        axis = axis / axis.norm()
        centre = float(mean @ axes[index]) * sign
        found.append(Direction("?", name, group, axis.numpy(), centre, sigma, 0.0))
    shares = _moved_shares(vae, mu_NL[:: max(1, len(mu_NL) // moved)][:moved], found)
    return _ranked(list(zip(shares, found, strict=True)), group)


def _ranked(found: Sequence[tuple[float, Direction]], group: DirectionGroup) -> tuple[Direction, ...]:
    total = sum(moved for moved, _ in found) or 1.0
    taken: dict[str, int] = {}
    ranked = []
    for rank, (moved, direction) in enumerate(sorted(found, key=lambda pair: -pair[0])):
        name = direction.name
        if name:
            taken[name] = taken.get(name, 0) + 1
            name = name if taken[name] == 1 else f"{name} {taken[name]}"
        else:
            name = f"{group} {rank + 1}"
        ranked.append(
            Direction(
                f"{group}/{rank}", name, group, direction.axis_L, direction.centre, direction.sigma, moved / total
            )
        )
    return tuple(ranked)


@torch.inference_mode()
def _moved_shares(vae: LatentModel, around_PL: Tensor, directions: Sequence[Direction]) -> list[float]:
    """Mean change of the picture, 0 to 1, from one sigma below to one above, around P sprites; for each direction."""
    if not directions:
        return []
    device = next(vae.parameters()).device
    steps_DL = torch.stack([direction.sigma * torch.tensor(direction.axis_L) for direction in directions])
    low, high = (
        torch.split((around_PL + side * steps_DL[:, None]).flatten(0, 1).to(device), _BATCH) for side in (-1.0, 1.0)
    )
    moved = [
        (vae.decode(above).float() - vae.decode(below).float()).abs().flatten(1).mean(dim=1)
        for below, above in zip(low, high, strict=True)
    ]
    shares = torch.cat(moved).reshape(len(directions), -1).mean(dim=1) / 2.0
    return [float(share) for share in shares]


def picture_properties(sprites_NHWC: U8) -> dict[str, F64]:
    """Plain properties of pictures by the name that an artist would give them; each (N,).

    Names mean "more of it": bulk is the share of solid pixels, upright is height over width of the
    silhouette, left and low are where its middle lies, light, contrast, vivid, warm and green are of its colours.
    """
    rgba = sprites_NHWC.astype(np.float64) / 255.0
    solid = rgba[..., 3] >= 0.5
    amount = np.maximum(solid.sum(axis=(1, 2)), 1)
    height, width = solid.shape[1:]
    rows, columns = solid.any(axis=2).sum(axis=1), solid.any(axis=1).sum(axis=1)
    y = (solid.sum(axis=2) * np.arange(height)).sum(axis=1) / amount / height
    x = (solid.sum(axis=1) * np.arange(width)).sum(axis=1) / amount / width
    red, green, blue = (rgba[..., index] for index in range(3))
    light = 0.3 * red + 0.59 * green + 0.11 * blue
    vivid = rgba[..., :3].max(axis=3) - rgba[..., :3].min(axis=3)

    def mean(
        values: F64,
    ) -> F64:
        total: F64 = (values * solid).sum(axis=(1, 2))
        averages: F64 = total / amount
        return averages

    brightness = mean(light)
    return {
        "bulk": solid.mean(axis=(1, 2)),
        "upright": np.log((rows + 1) / (columns + 1)),
        "right": x,
        "low": y,
        "light": brightness,
        "contrast": np.sqrt(np.maximum(mean(light**2) - brightness**2, 0.0)),
        "vivid": mean(vivid),
        "warm": mean(red - blue),
        "green": mean(green - (red + blue) / 2.0),
    }


_COLOUR_NAMES = ("light", "contrast", "vivid", "warm", "green")
_SHAPE_NAMES = ("bulk", "upright", "right", "low", "contrast")


def _best_name(coordinates_N: F64, properties: dict[str, F64], group: DirectionGroup) -> tuple[str, float]:
    """The property followed most closely and the sign that makes "right" mean more of it; or no name."""
    best, best_correlation = "", 0.0
    if float(coordinates_N.std()) > 0:
        for name in _COLOUR_NAMES if group == "colour" else _SHAPE_NAMES:
            values = properties[name]
            if values.std() > 0:
                correlation = float(np.corrcoef(coordinates_N, values)[0, 1])
                if abs(correlation) > abs(best_correlation):
                    best, best_correlation = name, correlation
    sign = -1.0 if best_correlation < 0 else 1.0
    return (best if abs(best_correlation) >= _NAMING_CORRELATION else ""), sign
