"""`LunarMoETeacher`: a residual backbone, a soft gate, experts, a quality head and a semantic head.

The whole score is the gate's mixture of the experts' logits, so the bars an artist sees add up to the
number above them. Shapes: B batch, C channels, E experts, D embedding numbers.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.config import TeacherConfig


class Judgement(NamedTuple):
    """What the teacher says of a batch.

    Attributes:
        logit_B: Quality before the sigmoid.
        expert_logits_BE: Each expert's own; `logit_B` is their sum weighted by `gate_BE`.
        gate_BE: Shares of the experts; rows sum to 1.
        embedding_BD: Predicted semantic embedding.
    """

    logit_B: Tensor
    expert_logits_BE: Tensor
    gate_BE: Tensor
    embedding_BD: Tensor

    @property
    def score_B(self) -> Tensor:
        """Quality as a probability, 0 to 1 (the document's Sigmoid head)."""
        return torch.sigmoid(self.logit_B.float())


class ResNetBlock(nn.Module):
    """Two 3x3 convolutions beside a strided 1x1 shortcut, as in the document."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 2) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at 1 / stride of the size."""
        out = F.relu(self.bn1(self.conv1(x_BCHW)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x_BCHW))


class ExpertModule(nn.Module):
    """One expert: looks at the feature maps with its own convolution, then forms its own features."""

    def __init__(self, channels: int, hidden_dim: int, feature_dim: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1), nn.BatchNorm2d(channels), nn.ReLU())
        self.think = nn.Sequential(nn.Linear(channels, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, feature_dim))

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, feature_dim)."""
        out: Tensor = self.think(self.look(maps_BCHW).mean(dim=(2, 3)))
        return out


class LunarMoETeacher(nn.Module):
    """The judge. With the default configuration it has about 16 M parameters, as the document says.

    Args:
        config: Widths, number of experts, sizes of heads.
    """

    def __init__(self, config: TeacherConfig | None = None) -> None:
        super().__init__()
        config = config or TeacherConfig()
        self.config = config
        widths = [config.image_channels, *config.channels]
        self.backbone = nn.Sequential(
            *(
                ResNetBlock(before, after, config.first_stride if index == 0 else 2)
                for index, (before, after) in enumerate(itertools.pairwise(widths))
            )
        )
        top = widths[-1]
        self.gate = nn.Sequential(
            nn.Linear(top, config.feature_dim), nn.ReLU(), nn.Linear(config.feature_dim, config.num_experts)
        )
        self.experts = nn.ModuleList(
            ExpertModule(top, config.hidden_dim, config.feature_dim) for _ in range(config.num_experts)
        )
        self.quality_head = nn.Sequential(
            nn.Linear(config.feature_dim, config.feature_dim), nn.ReLU(), nn.Linear(config.feature_dim, 1)
        )
        self.semantic_head = nn.Linear(config.feature_dim, config.embedding_dim)

    def forward(self, x_BCHW: Tensor) -> Judgement:
        """Judge pictures in the networks' form (see `LatentModel`), of any size that the stages can halve."""
        maps = self.backbone(x_BCHW)
        gate = torch.softmax(self.gate(maps.mean(dim=(2, 3))).float(), dim=1)
        features_BEF = torch.stack([expert(maps) for expert in self.experts], dim=1)
        expert_logits = self.quality_head(features_BEF).squeeze(-1).float()
        logit = (gate * expert_logits).sum(dim=1)
        mixed = (gate.unsqueeze(-1) * features_BEF.float()).sum(dim=1)
        return Judgement(logit, expert_logits, gate, self.semantic_head(mixed.to(features_BEF.dtype)).float())

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
