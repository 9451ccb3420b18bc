"""What is known about a model without its networks: for windows, `info --json` and cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lunar_studio.core.blending import LatentParts


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts about a loaded model file.

    Attributes:
        name: The name on the model switcher.
        family: `sprite` or `classic`.
        preset: The preset it was trained from, e.g. `sprite-32`.
        parameters: Trainable numbers of the VAE.
        parts: Parameters of each part, e.g. {"vae": …, "teacher": …, "prior": …}.
        image_size: Width and height of what it draws, in pixels.
        channels: 3 (RGB) or 4 (RGBA).
        latent_dim: Numbers in a latent.
        digest: SHA-256 of the file as hex; what a project stores.
        estimates: Bytes and milliseconds, e.g. {"memory_bytes": …}.
        card: The model card: art, licence, training, figures. Strings, numbers, lists, mappings.
        palette_dim: Leading numbers of a latent that set colours only; 0 where colours and shape are mixed.
        invented_dim: Leading numbers that the prior invents; None for all of them.
    """

    name: str
    family: str
    preset: str
    parameters: int
    parts: Mapping[str, int]
    image_size: int
    channels: int
    latent_dim: int
    digest: str
    estimates: Mapping[str, float] = field(default_factory=dict)
    card: Mapping[str, object] = field(default_factory=dict)
    palette_dim: int = 0
    invented_dim: int | None = None

    @property
    def latent_parts(self) -> LatentParts:
        """Where a latent keeps colours, shape and detail."""
        return LatentParts(self.palette_dim, self.latent_dim if self.invented_dim is None else self.invented_dim)
