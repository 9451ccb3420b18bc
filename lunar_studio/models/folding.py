"""A network that only judges needs no normalisation of its own: what it does to each channel goes into the kernels."""

from __future__ import annotations

import copy
from typing import TypeGuard, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lunar_studio.models.sprite import ResidualBlock
from lunar_studio.models.teacher import ExpertModule, LunarMoETeacher, ResNetBlock

Network = TypeVar("Network", bound=nn.Module)


class JointPanel(nn.Module):
    """Experts of like shape, asked all at once: their looks lie in one convolution, their thoughts in piles.

    Args:
        experts: In eval mode, their BatchNorm folded away.
    """

    def __init__(self, experts: list[ExpertModule]) -> None:
        super().__init__()
        looks = [look for expert in experts if isinstance(look := expert.look[0], nn.Conv2d)]
        self.count = len(experts)
        self.peaks = experts[0].pooling.peaks
        # A new one would draw weights from the generator that a training may be drawing from, and `skip_init` imports
        # a quarter of a second's worth of symbolic algebra.
        self.look = copy.deepcopy(looks[0])
        self.look.out_channels = sum(look.out_channels for look in looks)
        self.look.weight = nn.Parameter(torch.cat([look.weight for look in looks]))
        self.look.bias = nn.Parameter(torch.cat([look.bias for look in looks if look.bias is not None]))
        self.first = _Pile([expert.think[0] for expert in experts])
        self.last = _Pile([expert.think[2] for expert in experts])

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, E, feature_dim)."""
        seen = F.relu(self.look(maps_BCHW))
        pooled = [seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))] if self.peaks else [seen.mean(dim=(2, 3))]
        pooled_BEC = torch.cat([part.view(len(part), self.count, -1) for part in pooled], dim=2)
        said: Tensor = self.last(F.relu(self.first(pooled_BEC.transpose(0, 1))))
        return said.transpose(0, 1)


class _Pile(nn.Module):
    """Linear layers of like shape, each for its own rows: (E, B, before) to (E, B, after)."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
        self.weight = nn.Parameter(torch.stack([layer.weight.t() for layer in linear]))
        self.bias = nn.Parameter(torch.stack([layer.bias for layer in linear])[:, None])

    def forward(self, x_EBC: Tensor) -> Tensor:
        """Every layer's answer."""
        return torch.baddbmm(self.bias, x_EBC, self.weight)


class _ChannelsLast(nn.Module):
    """The same numbers, channels last: convolutions that want them so need not turn them around one by one."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape."""
        return x_BCHW.contiguous(memory_format=torch.channels_last)


def folded(network: Network) -> Network:
    """A copy in eval mode whose residual blocks and experts have their BatchNorm in the kernels before it.

    It answers the same up to rounding, in fewer steps, and can neither be trained nor be saved as a model. Blocks of
    other kinds, such as an extension may bring, stay as they are.
    """
    swift = copy.deepcopy(network).eval()
    for module in swift.modules():
        if isinstance(module, ResNetBlock):
            module.conv1, module.bn1 = fuse_conv_bn_eval(module.conv1, module.bn1), nn.Identity()  # type: ignore[assignment]
            module.conv2, module.bn2 = fuse_conv_bn_eval(module.conv2, module.bn2), nn.Identity()  # type: ignore[assignment]
            _fold_pair(module.shortcut)
        elif isinstance(module, ResidualBlock):
            _fold_pair(module.body, at=2)
        elif isinstance(module, ExpertModule):
            _fold_pair(module.look)
    if is_plain(swift):
        swift.experts = JointPanel([expert for expert in swift.experts if isinstance(expert, ExpertModule)])  # type: ignore[assignment]
        swift.backbone[0] = nn.Sequential(_ChannelsLast(), swift.backbone[0])
    return swift


def without_words(network: Network) -> Network:
    """A copy that only judges: its embeddings have no numbers. A teacher of an extension's comes back as it is."""
    quiet = copy.deepcopy(network)
    if is_plain(quiet):
        quiet.semantic_head = None
    return quiet


def is_plain(network: nn.Module) -> TypeGuard[LunarMoETeacher]:
    """Whether it judges as ours does; one of an extension's may ask its experts in a way of its own."""
    return type(network) is LunarMoETeacher


def _fold_pair(layers: nn.Sequential, at: int = 0) -> None:
    convolution, normalisation = layers[at], layers[at + 1]
    if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
        layers[at], layers[at + 1] = fuse_conv_bn_eval(convolution, normalisation), nn.Identity()
