"""How near words are to what a sprite shows, by the teacher's embedding.

Two things beside the plain cosine, which both help to find (`lunar-studio evaluate --critic` measures it): a sprite is
looked at in four quarter turns, as the teacher saw art while it learned; and a cosine is told in relation to those of
the nearest captions that the model learned. Some sprites are a little like every caption and some captions like every
sprite; in many dimensions such hubs come first everywhere (Conneau et al. 2018, whose correction subtracts what this
one divides by, so that the result stays a share).

Shapes: B batch, N sprites, M texts, C captions, D embedding numbers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lunar_studio.models.teacher import LunarMoETeacher

_QUARTERS = 4
_NEAREST = 10
_LEAST = 0.05
"""Who is farther than this from every caption is told by a cosine of nearly nothing, not by chance."""


class Meaning:
    """Compares sprites with words.

    Args:
        teacher: In eval mode.
        captions_CD: Embeddings of captions that the model learned; zeros and repetitions do not count. Without any, a
            plain cosine is told.
    """

    def __init__(self, teacher: LunarMoETeacher, captions_CD: Tensor) -> None:
        self._teacher = teacher
        captions_CD = torch.unique(captions_CD, dim=0)
        self._captions_CD = F.normalize(captions_CD[captions_CD.abs().sum(dim=1) > 0], dim=1)

    @torch.inference_mode()
    def see(self, x_BCHW: Tensor) -> Tensor:
        """What square pictures in the networks' form show: unit vectors, (B, D)."""
        turned = [torch.rot90(x_BCHW, quarter, (2, 3)) for quarter in range(_QUARTERS)]
        seen = [F.normalize(self._teacher(one.contiguous()).embedding_BD, dim=1) for one in turned]
        return F.normalize(torch.stack(seen).sum(dim=0), dim=1)

    @torch.inference_mode()
    def likeness(self, seen_ND: Tensor, texts_MD: Tensor) -> Tensor:
        """1 where a sprite and a text are as near to each other as to the captions around them, 0 for nothing alike.

        Args:
            seen_ND: As of `see`.
            texts_MD: Unit embeddings of texts.

        Returns:
            (N, M); can exceed 1.
        """
        cosine_NM = seen_ND @ texts_MD.T
        if not len(self._captions_CD):
            return cosine_NM
        return cosine_NM / torch.sqrt(self._usual(seen_ND)[:, None] * self._usual(texts_MD)[None])

    def _usual(self, rows_ND: Tensor) -> Tensor:
        """The mean cosine of each row with its nearest captions, (N,)."""
        nearest = min(_NEAREST, len(self._captions_CD))
        return (rows_ND @ self._captions_CD.T).topk(nearest, dim=1).values.mean(dim=1).clamp(min=_LEAST)
