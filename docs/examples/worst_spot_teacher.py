"""Example: a teacher with an expert of your own, one that judges a sprite by its worst spot.

lunar-studio train DATASET --out RUN --extension worst_spot_teacher.py --set teacher.custom=worst-spot

The manual explains it: docs/extending.md.
"""

from __future__ import annotations

from torch import Tensor

from lunar_studio.core.config import TeacherConfig
from lunar_studio.models.extensions import register_teacher
from lunar_studio.models.teacher import ExpertModule, LunarMoETeacher


class WorstSpotExpert(ExpertModule):
    """Takes the strongest answer anywhere instead of the mean: one stray pixel is enough to be noticed."""

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, feature_dim)."""
        features: Tensor = self.think(self.look(maps_BCHW).amax(dim=(2, 3)))
        return features


@register_teacher("worst-spot")
class WorstSpotTeacher(LunarMoETeacher):
    """The studio's teacher; its last expert looks for the worst spot."""

    def __init__(self, config: TeacherConfig) -> None:
        super().__init__(config)
        self.experts[-1] = WorstSpotExpert(config.channels[-1], config.hidden_dim, config.feature_dim)
