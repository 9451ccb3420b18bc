"""The model's own vocabulary: captions become embeddings, so that words can search and steer.

Latent semantic analysis (Deerwester et al. 1990): word counts weighted by rarity, factorised by SVD.
Deterministic, learned from the artist's own captions in seconds, and honest about words it has never
seen. Shapes: V words, D embedding numbers, N captions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lunar_studio.core.prompt_words import MAX_LETTERS, words_of

__all__ = ["MAX_LETTERS", "MAX_WORDS", "Vocabulary", "words_of"]

# Factorising takes the cube of it: a second for 1,000 words, six for 2,000.
MAX_WORDS = 2048
_ROWS = 1024


@dataclass(frozen=True)
class Vocabulary:
    """Known words with their vectors.

    Attributes:
        words: In order of frequency.
        vectors_VD: float32; rarity-weighted, so that an embedding is the normalised sum.
    """

    words: tuple[str, ...]
    vectors_VD: Tensor

    @staticmethod
    def fit(captions: Sequence[str], embedding_dim: int) -> Vocabulary:
        """Learn from captions; words seen once are left out unless captions are few.

        Args:
            captions: One per sprite; empty ones count for nothing.
            embedding_dim: D; padded with zeros when the captions have fewer independent words.
        """
        counted = [Counter(words_of(caption)) for caption in captions]
        frequency = Counter(word for count in counted for word in count)
        least = 2 if len(captions) >= 200 else 1
        known = [
            word for word, times in sorted(frequency.items(), key=lambda item: (-item[1], item[0])) if times >= least
        ]
        words = tuple(known[:MAX_WORDS])
        vectors = torch.zeros(len(words), embedding_dim)
        if words:
            place = {word: index for index, word in enumerate(words)}
            rows = [[place[word] for word in count if word in place] for count in counted]
            seen = torch.tensor([frequency[word] for word in words], dtype=torch.float64)
            rarity = torch.log((1.0 + len(captions)) / (1.0 + seen)) + 1.0
            together = torch.zeros(len(words), len(words), dtype=torch.float64)
            # In parts: the whole table of captions and words can be larger than memory.
            for start in range(0, len(rows), _ROWS):
                part = rows[start : start + _ROWS]
                table = torch.zeros(len(part), len(words), dtype=torch.float64)
                for row, columns in enumerate(part):
                    table[row, columns] = rarity[columns]
                table = torch.nn.functional.normalize(table, dim=1)
                together += table.T @ table
            _, axes = torch.linalg.eigh(together)
            keep = min(embedding_dim, len(words))
            axes = axes.flip(1)[:, :keep]
            # An eigenvector's sign is arbitrary: its largest number shall be positive.
            largest = axes.abs().argmax(dim=0)
            axes = axes * axes[largest, torch.arange(keep)].sign()
            vectors[:, :keep] = (axes * rarity[:, None]).float()
        return Vocabulary(words, vectors)

    def embed(self, text: str) -> Tensor:
        """Unit vector (D,) of the known words in `text`, or zeros when none is known."""
        known = [self._place[word] for word in words_of(text) if word in self._place]
        if not known:
            return torch.zeros(self.vectors_VD.shape[1])
        total = self.vectors_VD[known].sum(dim=0)
        return torch.nn.functional.normalize(total, dim=0)

    def embed_all(self, captions: Sequence[str]) -> Tensor:
        """(N, D)."""
        if not captions:
            return torch.zeros(0, self.vectors_VD.shape[1])
        return torch.stack([self.embed(caption) for caption in captions])

    def unknown(self, text: str) -> tuple[str, ...]:
        """The words of `text` that the model has never seen."""
        return tuple(word for word in words_of(text) if word not in self._place)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words)}
