"""What one step learns from. Shapes: B batch, C captions, D embedding numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

# Sprites of a batch that the reward and the teacher's lesson look at; judging all of them would cost
# as much as drawing them.
_LESSON_SHARE = 4


Rows = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Lesson:
    """What the teacher learns from in a step; without rows when it does not.

    Attributes:
        real_BHWC: uint8 sprites as an artist could have drawn them.
        mild_BHWC: The same, damaged a little.
        bad_BHWC: The same, damaged in the same places but more.
        harm_B: In which way, int64: the place of the family in `pixels.damage.FAMILIES`.
        words_BD: Caption embeddings; zero rows have no caption.
        captions_CD: Embeddings of the different captions of the art, the same for every lesson.
    """

    real_BHWC: Tensor
    mild_BHWC: Tensor
    bad_BHWC: Tensor
    harm_B: Tensor
    words_BD: Tensor
    captions_CD: Tensor

    def __len__(self) -> int:
        """How many sprites it has."""
        return len(self.bad_BHWC)

    def of(self, rows: Rows) -> Lesson:
        """The lesson with some of its rows."""
        each = (self.real_BHWC, self.mild_BHWC, self.bad_BHWC, self.harm_B, self.words_BD)
        real, mild, bad, harm, words = map(rows, each)
        return Lesson(real, mild, bad, harm, words, self.captions_CD)


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        rgba_BHWC: uint8 sprites, augmented.
        words_BD: Caption embeddings; zero rows have no caption.
        lesson: The teacher's, on the first sprites of the batch.
    """

    rgba_BHWC: Tensor
    words_BD: Tensor
    lesson: Lesson

    def of(self, rows: Rows) -> Batch:
        """The batch with some of its rows, and of its lesson's."""
        return Batch(rows(self.rgba_BHWC), rows(self.words_BD), self.lesson.of(rows))


def lesson_size(batch: int) -> int:
    """How many sprites of a batch the teacher looks at."""
    return max(2, batch // _LESSON_SHARE) if batch > 1 else batch
