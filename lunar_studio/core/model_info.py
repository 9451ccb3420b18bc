"""What is known about a model without its networks: for windows, `info --json` and cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
