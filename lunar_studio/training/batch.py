"""What one step learns from. Shapes: B batch, C captions, D embedding numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

# Sprites of a batch that the reward and the teacher's lesson look at; judging all of them would cost
# as much as drawing them.
_LESSON_SHARE = 4


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        rgba_BHWC: uint8 sprites, augmented.
        words_BD: Caption embeddings; zero rows have no caption.
        mild_BHWC: The first sprites, damaged a little; empty when the teacher does not learn in this step.
        bad_BHWC: The same sprites, damaged the same way but more.
        harm_B: In which way, int64: the place of the family in `pixels.damage.FAMILIES`.
        captions_CD: Embeddings of the different captions of the art, the same for every batch.
    """

    rgba_BHWC: Tensor
    words_BD: Tensor
    mild_BHWC: Tensor
    bad_BHWC: Tensor
    harm_B: Tensor
    captions_CD: Tensor

    def of(self, rows: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with some rows of everything that has one for each sprite."""
        return Batch(
            rows(self.rgba_BHWC),
            rows(self.words_BD),
            rows(self.mild_BHWC),
            rows(self.bad_BHWC),
            rows(self.harm_B),
            self.captions_CD,
        )


def lesson_size(batch: int) -> int:
    """How many sprites of a batch the teacher looks at."""
    return max(2, batch // _LESSON_SHARE) if batch > 1 else batch
