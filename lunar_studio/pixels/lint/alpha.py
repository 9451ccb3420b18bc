"""Half-transparent pixels, and colour hidden under alpha 0.

Both are facts. A shadow or a ghost is half-transparent on purpose, so that is a note; a soft rim of many alphas
round a solid body is what an anti-aliased brush or a smooth resize leaves, and that is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint.subject import Bool, Subject, counted, inside, places

HALF = "half-transparent"
PHANTOM = "phantom-pixel"
_FIX_HALF = "Harden them"
# A soft rim: at least so many different alphas, on so much of the rim, round an inside that is this solid.
_ALPHAS = 3
_RIM_SHARE = 0.5
_SOFT_INSIDE = 0.6
# With more of the sprite half-transparent, hardening it would change what it is.
_MOST_TO_HARDEN = 0.25


def half_transparent(subject: Subject) -> Iterator[LintFinding]:
    """A warning for a soft rim; a note for any other half-transparent pixels."""
    alpha_HW = subject.rgba_HWC[..., 3]
    half_HW = subject.visible_HW & (alpha_HW < 255)
    count = int(np.count_nonzero(half_HW))
    if not count:
        return
    inner_HW = inside(subject.visible_HW)
    rim_HW = subject.visible_HW & ~inner_HW
    rim_share = _share(half_HW, rim_HW)
    inner_share = _share(half_HW, inner_HW)
    alphas = len(np.unique(alpha_HW[half_HW]))
    is_soft = alphas >= _ALPHAS and rim_share >= _RIM_SHARE and inner_share <= _SOFT_INSIDE and bool(inner_HW.any())
    share = count / subject.visible_count
    is_safe = (is_soft or share <= _MOST_TO_HARDEN) and bool((alpha_HW >= 128).any())
    verb = "is" if count == 1 else "are"
    message = (
        f"The edge is soft: {rim_share:.0%} of it is half-transparent, in {alphas} strengths; pixel art has hard edges."
        if is_soft
        else f"{counted(count, 'pixel')} {verb} half-transparent."
    )
    yield LintFinding(
        HALF, message, "warning" if is_soft else "note", places(half_HW), min(1.0, share), _FIX_HALF if is_safe else ""
    )


def _share(mask_HW: Bool, among_HW: Bool) -> float:
    """How much of `among_HW` belongs to the mask; 0 of nothing."""
    return int(np.count_nonzero(mask_HW & among_HW)) / max(1, int(np.count_nonzero(among_HW)))


def hardened(sprite: Sprite) -> Sprite:
    """Alpha 128 and above becomes 255; below, the pixel is cleared."""
    rgba_HWC = sprite.rgba_HWC.copy()
    solid_HW = rgba_HWC[..., 3] >= 128
    rgba_HWC[solid_HW, 3] = 255
    rgba_HWC[~solid_HW & (rgba_HWC[..., 3] > 0)] = 0
    return Sprite(rgba_HWC, sprite.name)


def phantoms(subject: Subject) -> Iterator[LintFinding]:
    """Colour under alpha 0: a note."""
    phantom_HW = ~subject.visible_HW & subject.rgba_HWC[..., :3].any(axis=2)
    if count := int(np.count_nonzero(phantom_HW)):
        verb = "hides" if count == 1 else "hide"
        yield LintFinding(
            PHANTOM,
            f"{counted(count, 'fully transparent pixel')} {verb} a colour that some programs will show.",
            "note",
            places(phantom_HW),
            count / phantom_HW.size,
            "Clear them",
        )
