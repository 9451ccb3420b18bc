"""Example: quality from a pretrained ResNet-18, as a metric and as a teacher. Needs `pip install torchvision`.

    lunar-studio train DATASET --out RUN --extension resnet_metric.py \
        --set training.extra_metrics=resnet18-likeness --set teacher.custom=resnet18

The document's metric puts an untrained head on the pretrained network, which answers at random. Here the
metric compares features and needs no head, and the head that has to learn is a teacher's.
"""

from __future__ import annotations

import importlib

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.config import TeacherConfig
from lunar_studio.errors import ConfigError
from lunar_studio.models.extensions import register_metric, register_teacher
from lunar_studio.models.teacher import LunarMoETeacher

_FEATURES = 512
_PATH = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


class ResNetFeatures(nn.Module):
    """The maps of a ResNet-18 pretrained on ImageNet, of pictures in the studio's form."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        try:
            models = importlib.import_module("torchvision.models")
        except ImportError as exc:
            raise ConfigError("This extension needs torchvision.", hint="Install it: pip install torchvision") from exc
        # A model file brings its own weights; then only shapes are asked for, on the `meta` device.
        weights = None if torch.get_default_device().type == "meta" else "IMAGENET1K_V1"
        network = models.resnet18(weights=weights)
        self.layers = nn.Sequential(*(getattr(network, name) for name in _PATH))
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, 512, h, w). Transparent parts are shown on mid-grey; small sprites are enlarged to 64 px."""
        rgb = (x_BCHW[:, :3] + 1.0) / 2.0
        if x_BCHW.shape[1] == 4:
            rgb = rgb + (1.0 - (x_BCHW[:, 3:] + 1.0) / 2.0) * 0.5  # colours are premultiplied
        if rgb.shape[-1] < 64:
            rgb = F.interpolate(rgb, size=64, mode="nearest")
        features: Tensor = self.layers((rgb - self.mean) / self.std)
        return features


@register_metric("resnet18-likeness")
class ResNetLikeness(nn.Module):
    """How alike the network finds what was drawn and what should have been: mean cosine of features."""

    def __init__(self) -> None:
        super().__init__()
        self.features = ResNetFeatures()

    def forward(self, drawn_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
        """(B,), 0 to 1."""
        cosine = F.cosine_similarity(self.features(drawn_BCHW), self.features(target_BCHW), dim=1)
        return cosine.mean(dim=(1, 2)).clamp(0.0, 1.0)


@register_teacher("resnet18")
class ResNetTeacher(LunarMoETeacher):
    """The studio's teacher on the pretrained backbone; gate, experts and heads learn as ever."""

    def __init__(self, config: TeacherConfig) -> None:
        if config.channels[-1] != _FEATURES:
            raise ConfigError(
                f"A ResNet-18 gives {_FEATURES} channels, but teacher.channels ends in {config.channels[-1]}.",
                hint=f"Set teacher.channels={_FEATURES}.",
            )
        super().__init__(config)
        self.backbone = nn.Sequential(ResNetFeatures())
