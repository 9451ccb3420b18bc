"""Example: a VAE family of your own, the founding document's network with a layer added.

    lunar-studio train DATASET --out RUN --extension refined_vae.py --preset refined-32 \
        --set vae.options=width=48

The manual explains it: docs/extending.md.
"""

from __future__ import annotations

from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig, CustomVaeConfig, RunConfig, TeacherConfig
from lunar_studio.models.classic import LunarCoreVAE
from lunar_studio.models.extensions import register_preset, register_vae


@register_vae("refined")
class RefinedVAE(LunarCoreVAE):
    """`LunarCoreVAE` with a residual refinement of its picture.

    Args:
        config: What every VAE has.
        width: Channels of the refinement; an option, since it is a keyword with a default.
    """

    def __init__(self, config: CustomVaeConfig, *, width: int = 32) -> None:
        super().__init__(
            ClassicVaeConfig(
                image_size=config.image_size,
                image_channels=config.image_channels,
                latent_dim=config.latent_dim,
                encoder_channels=(32, 64, 128),
            )
        )
        channels = config.image_channels
        self.refine = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1)
        )
        # Begins as the plain network: the added layer says nothing until it has learned something.
        for parameter in self.refine[-1].parameters():
            nn.init.zeros_(parameter)

    def decode(self, z_BL: Tensor) -> Tensor:
        """The plain picture and its refinement, kept within -1 to 1."""
        plain = super().decode(z_BL)
        refined: Tensor = (plain + self.refine(plain)).clamp(-1.0, 1.0)
        return refined


register_preset(
    RunConfig(
        preset="refined-32",
        vae=CustomVaeConfig(name="refined", image_size=32, image_channels=4, latent_dim=128),
        teacher=TeacherConfig(image_channels=4, channels=(24, 48, 96), first_stride=1, feature_dim=64, hidden_dim=128),
    )
)
