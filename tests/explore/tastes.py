"""A tiny model whose teacher's taste is known: it wants no red, or more to be there, and says so in numbers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.explore.engine import Engine
from lunar_studio.models.bundle import Calibration
from lunar_studio.models.model_file import describe
from lunar_studio.models.teacher import Judgement
from tests.explore.tiny_model import tiny_bundle


class HatesRed(nn.Module):
    """A teacher whose logit falls with every red pixel; its second expert wants more to be visible."""

    def forward(self, x_BCHW: Tensor) -> Judgement:
        """The whole score is that of the first expert."""
        red_B = (x_BCHW[:, 0] - x_BCHW[:, 1]).clamp(min=0).sum(dim=(1, 2))
        seen_B = (x_BCHW[:, 3] + 1).sum(dim=(1, 2)) / 2
        experts_BE = torch.stack([-red_B, seen_B], dim=1)
        return Judgement(-red_B, experts_BE, torch.tensor([[1.0, 0.0]]).expand(len(x_BCHW), -1), experts_BE)


def engine_with_taste(lowest: float = -20.0) -> Engine:
    """An engine whose score is 0 at a logit of `lowest` and 100 at 0."""
    bundle = tiny_bundle()
    red = np.linspace(lowest, 0, 101, dtype=np.float32)
    presence = np.linspace(0, 256, 101, dtype=np.float32)
    object.__setattr__(bundle, "teacher", HatesRed())
    object.__setattr__(bundle, "experts", ("red", "presence"))
    object.__setattr__(bundle, "calibration", Calibration(np.stack([red, red, presence])))
    return Engine(bundle, describe(bundle, "0" * 64))
