"""What a teacher says of many pictures, as arrays. Shapes: N pictures, E experts, D embedding numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from lunar_studio.core.arrays import F32, U8
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.teacher import LunarMoETeacher

_BATCH = 64


class Judged(NamedTuple):
    """`models.teacher.Judgement` of many pictures, float32.

    Attributes:
        logit_N: The whole score before calibration.
        experts_NE: Each expert's own logit.
        gate_NE: Shares of the experts; rows sum to 1.
        embedding_ND: Predicted semantic embedding.
    """

    logit_N: F32
    experts_NE: F32
    gate_NE: F32
    embedding_ND: F32


@torch.inference_mode()
def judge_all(teacher: LunarMoETeacher, vae: LatentModel, sprites_NHWC: U8) -> Judged:
    """Judge uint8 sprites of any number; the VAE brings pictures to the size it draws at.

    Args:
        teacher: In eval mode.
        vae: Of the same model.
        sprites_NHWC: uint8, straight alpha, one size.
    """
    device = next(teacher.parameters()).device
    rows = []
    for start in range(0, len(sprites_NHWC), _BATCH):
        pictures = torch.from_numpy(np.ascontiguousarray(sprites_NHWC[start : start + _BATCH])).to(device)
        rows.append([part.float().cpu().numpy() for part in teacher(vae.prepare(pictures))])
    return Judged(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))
