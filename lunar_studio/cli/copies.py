"""What commands say of near copies of a model's training art."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lunar_studio.cli.answer import warn

if TYPE_CHECKING:
    from lunar_studio.core.neighbours import Neighbours
    from lunar_studio.explore.engine import Engine

_LISTED = 5


def warn_if_unknown(engine: Engine) -> None:
    """Say on stderr when the model knows nothing of its art."""
    if engine.bundle.prints is None:
        warn("This model does not carry its art's fingerprints: near copies cannot be told.")


def told(neighbours: Neighbours) -> dict[str, Any]:
    """Neighbours as JSON has them: `near_copy` is null where the model knows nothing of its art."""
    return {
        "near_copy": neighbours.is_near_copy if neighbours.is_known else None,
        "nearest": [
            {"name": one.name, "family": one.family, "distance": round(one.distance, 4)} for one in neighbours.nearest
        ],
    }


def warn_of_copies(names: Sequence[str], found: Sequence[Neighbours]) -> int:
    """Name the near copies on stderr; returns how many there are."""
    copies = [
        f"  {name}: {one.nearest[0].name}, {1 - one.nearest[0].distance:.0%} alike"
        for name, one in zip(names, found, strict=True)
        if one.is_near_copy
    ]
    if copies:
        are = "is a near copy" if len(copies) == 1 else "are near copies"
        more = [f"  ... and {len(copies) - _LISTED:,} more"] if len(copies) > _LISTED else []
        listed = "\n".join(copies[:_LISTED] + more)
        warn(f"{len(copies):,} of {len(names):,} {are} of the training art; change them first:\n{listed}")
    return len(copies)
