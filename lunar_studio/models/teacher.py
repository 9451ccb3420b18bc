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
from lunar_studio.models import craft_maps

_FORGOTTEN = 0.2
_RGBA = 4
_VECTOR = 16


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
    """Two 3x3 convolutions beside a strided 1x1 shortcut, as in the document.

    Over few channels the shortcut picks its pixels before it convolves, which gives the same numbers: oneDNN, which
    convolves on CPUs, writes past its buffer in the gradient of a strided 1x1 kernel over fewer channels than a vector
    holds, where channels lie last (its issue 6035), and the process dies of it seconds later.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 2) -> None:
        super().__init__()
        self.picked = stride if in_channels < _VECTOR else 1
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride // self.picked), nn.BatchNorm2d(out_channels)
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at 1 / stride of the size."""
        out = F.relu(self.bn1(self.conv1(x_BCHW)))
        beside = x_BCHW[:, :, :: self.picked, :: self.picked] if self.picked > 1 else x_BCHW
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(beside))


class Pooling(nn.Module):
    """Feature maps to numbers: the mean of each, and where asked for its peak, which one stray pixel can raise.

    Args:
        peaks: Whether peaks count, too.
    """

    def __init__(self, peaks: bool) -> None:
        super().__init__()
        self.peaks = peaks

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, C), or (B, 2 C) with peaks."""
        mean_BC = maps_BCHW.mean(dim=(2, 3))
        return torch.cat([mean_BC, maps_BCHW.amax(dim=(2, 3))], dim=1) if self.peaks else mean_BC

    def width(self, channels: int) -> int:
        """How many numbers so many channels give."""
        return channels * (2 if self.peaks else 1)


class ExpertModule(nn.Module):
    """One expert: looks at the feature maps with its own convolution, then forms its own features."""

    def __init__(
        self, channels: int, hidden_dim: int, feature_dim: int, pooling: Pooling | None = None, forget: float = 0.0
    ) -> None:
        super().__init__()
        pooling = pooling or Pooling(peaks=False)
        self.look = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1), nn.BatchNorm2d(channels), nn.ReLU())
        self.pooling = pooling
        self.forget = forget
        self.think = nn.Sequential(
            nn.Linear(pooling.width(channels), hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, feature_dim)
        )

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, feature_dim)."""
        seen = F.dropout(self.pooling(self.look(maps_BCHW)), self.forget, self.training)
        out: Tensor = self.think(seen)
        return out


class ExpertPanel(nn.ModuleList):
    """The experts, asked one after the other."""

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, E, feature_dim)."""
        return torch.stack([expert(maps_BCHW) for expert in self], dim=1)


class LunarMoETeacher(nn.Module):
    """The judge. With the default configuration it has about 16 M parameters, as the document says.

    Args:
        config: Widths, number of experts, sizes of heads.
    """

    def __init__(self, config: TeacherConfig | None = None) -> None:
        super().__init__()
        config = config or TeacherConfig()
        self.config = config
        self.pooling = Pooling(config.peaks)
        widths = [config.image_channels + (craft_maps.COUNT if config.craft_maps else 0), *config.channels]
        self.backbone = nn.Sequential(
            *(
                ResNetBlock(before, after, config.first_stride if index == 0 else 2)
                for index, (before, after) in enumerate(itertools.pairwise(widths))
            )
        )
        self.craft_blocks = min(config.craft_blocks or len(config.channels), len(config.channels))
        near, top = config.channels[self.craft_blocks - 1], widths[-1]
        self.gate = nn.Sequential(
            nn.Linear(self.pooling.width(near), config.feature_dim),
            nn.ReLU(),
            nn.Linear(config.feature_dim, config.num_experts),
        )
        # How much the gate listens to what the experts find: the one that objects most is asked most.
        self.listening = nn.Parameter(torch.zeros(1)) if config.gate_listens else None
        self.experts = ExpertPanel(
            ExpertModule(near, config.hidden_dim, config.feature_dim, self.pooling, config.forget)
            for _ in range(config.num_experts)
        )
        self.quality_head = nn.Sequential(
            nn.Linear(config.feature_dim, config.feature_dim), nn.ReLU(), nn.Linear(config.feature_dim, 1)
        )
        # What a sprite shows is another question than how well it is made: with its own sight the head for words
        # does not pull at features that the experts judge by.
        self.semantic_head: nn.Module | None = (
            nn.Sequential(nn.Dropout(_FORGOTTEN), nn.Linear(self.pooling.width(top), config.embedding_dim))
            if config.words_from == "backbone"
            else nn.Linear(config.feature_dim, config.embedding_dim)
        )

    def forward(self, x_BCHW: Tensor) -> Judgement:
        """Judge pictures in the networks' form (see `LatentModel`), of any size that the stages can halve."""
        return self.judge(self.see(x_BCHW))

    def see(self, x_BCHW: Tensor) -> Tensor:
        """What is judged of pictures: themselves, and their maps of craft.

        A steady teacher sees them in the middle; in eval mode all of them a second time mirrored, behind the first.
        """
        if self.config.steady:
            if not self.training:  # half of the sprites it learns from are mirrored anyway
                x_BCHW = torch.cat([x_BCHW, x_BCHW.flip(3)])
            x_BCHW = centred(x_BCHW) if self.config.image_channels == _RGBA else x_BCHW
        return torch.cat([x_BCHW, craft_maps.craft_maps(x_BCHW)], dim=1) if self.config.craft_maps else x_BCHW

    def judge(self, seen_BCHW: Tensor) -> Judgement:
        """Judge what `see` gives; of two views of a picture the mean."""
        said = self._judge(seen_BCHW)
        if not self.config.steady or self.training:
            return said
        logits, gate, words = (
            part.view(2, len(seen_BCHW) // 2, part.shape[1]).mean(dim=0)
            for part in (said.expert_logits_BE, said.gate_BE, said.embedding_BD)
        )
        return Judgement((gate * logits).sum(dim=1), logits, gate, words)

    def _judge(self, x_BCHW: Tensor) -> Judgement:
        # The whole backbone in one piece where that is what is meant: a slice is a sequence of its own, which would not
        # keep to gradient checkpointing.
        is_whole = self.craft_blocks == len(self.backbone)
        maps = self.backbone(x_BCHW) if is_whole else self.backbone[: self.craft_blocks](x_BCHW)
        features_BEF = self.experts(maps)
        expert_logits = self.quality_head(features_BEF).squeeze(-1).float()
        wishes = self.gate(self.pooling(maps)).float()
        if self.listening is not None:
            wishes = wishes - F.softplus(self.listening) * expert_logits
        gate = torch.softmax(wishes, dim=1)
        logit = (gate * expert_logits).sum(dim=1)
        if self.semantic_head is None:
            return Judgement(logit, expert_logits, gate, logit.new_zeros(len(logit), 0))
        if self.config.words_from == "experts":
            seen = (gate.unsqueeze(-1) * features_BEF.float()).sum(dim=1).to(features_BEF.dtype)
        else:
            seen = self.pooling(self.backbone[self.craft_blocks :](maps))
        return Judgement(logit, expert_logits, gate, self.semantic_head(seen).float())

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)


def centred(x_BCHW: Tensor) -> Tensor:
    """RGBA pictures in the networks' form, each moved so that what is visible stands in the middle.

    Whoever judges the result judges a sprite alike wherever it stands. Pictures that are visible from edge to edge,
    and empty ones, stay as they are.
    """
    _, channels, height, width = x_BCHW.shape
    visible_BHW = x_BCHW[:, 3] > 0
    down_B, right_B = (_way_to_middle(visible_BHW.any(dim=axis)) for axis in (2, 1))
    rows_BH = (torch.arange(height, device=x_BCHW.device) - down_B[:, None]) % height
    columns_BW = (torch.arange(width, device=x_BCHW.device) - right_B[:, None]) % width
    # By places in the flattened picture: an index for each axis takes ten times as long for one sprite.
    from_BN = (rows_BH[:, :, None] * width + columns_BW[:, None, :]).flatten(1)
    pixels_BNC = x_BCHW.permute(0, 2, 3, 1).flatten(1, 2)
    moved_BNC = pixels_BNC.gather(1, from_BN[..., None].expand(-1, -1, channels))
    moved_BHWC = moved_BNC.view(-1, height, width, channels)
    # Channels first again: whoever wants them last says so, and float32 training on some processors must not.
    return moved_BHWC.permute(0, 3, 1, 2).contiguous()


def _way_to_middle(occupied_BN: Tensor) -> Tensor:
    """How far what is occupied has to move to be as far from one end as from the other, (B,)."""
    places = occupied_BN.int()
    before_B = places.argmax(dim=1)
    after_B = places.flip(1).argmax(dim=1)
    return torch.where(occupied_BN.any(dim=1), torch.div(after_B - before_B, 2, rounding_mode="floor"), 0)
