"""Generations of variations, as a tree: what was bred from what, so that an artist can go back and breed on from there.

A generation does not keep its children: they grow from its parents, its seed and its settings again, to the last bit
(`offspring`); a child that nobody could see gives way to another, which the seed decides as well. Only the parents'
latents are kept, so that sixty generations are a small part of a project file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from lunar_studio.core.latent import Latent

Share = Literal["all", "colours", "shape"]
"""What may differ between parents and children."""

MOST_CHILDREN = 64
MOST_GENERATIONS = 500
STRONGEST = 3.0

GROWTH = 2
"""The rules that children of a new generation follow."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One grid of variations.

    Attributes:
        id: Unique within a tree; never shown.
        parents: What the children grew from, 1 to 64 latents of one length; locked sliders stay as in the first.
        seed: Of everything random about the children.
        strength: Standard deviation of each random step, in standard deviations of the training art.
        share: What may differ.
        count: Children, 1 to 64.
        parent: Id of the generation that the parents are of; empty where the parent was the sprite on the canvas.
        held: Ids of the sliders that were locked.
        kept: Numbers of the children that are marked to be parents of the next, from 0, rising.
        growth: Which rules its children follow: `GROWTH` those of now; 1 those of projects before version 4, where a
            child that nobody could see stays, and so that each child is what it was, locked raw numbers may move.

    Raises:
        ValueError: Something is out of range.
    """

    id: str
    parents: tuple[Latent, ...]
    seed: int
    strength: float
    share: Share = "all"
    count: int = 36
    parent: str = ""
    held: tuple[str, ...] = ()
    kept: tuple[int, ...] = ()
    growth: int = 1

    def __post_init__(self) -> None:
        if not self.id or not 1 <= len(self.parents) <= MOST_CHILDREN or not 1 <= self.count <= MOST_CHILDREN:
            raise ValueError(f"generation {self.id!r} has no name, or not 1 to {MOST_CHILDREN} parents and children")
        if len({len(parent) for parent in self.parents}) != 1:
            raise ValueError(f"the parents of generation {self.id!r} are of different models")
        if self.seed < 0 or not 0.0 < self.strength <= STRONGEST:
            raise ValueError(f"generation {self.id!r} has a seed or strength out of range")
        if not 1 <= self.growth <= GROWTH:
            raise ValueError(f"the children of generation {self.id!r} grow by unknown rules")
        if self.kept != tuple(sorted(set(self.kept))) or not all(0 <= index < self.count for index in self.kept):
            raise ValueError(f"generation {self.id!r} keeps children that it does not have, or not in order")


@dataclass(frozen=True, slots=True)
class BreedingTree:
    """All generations of a document.

    Attributes:
        generations: In the order they were bred; each stands behind the one it came from.
        current: Id of the one that is looked at; empty for none.

    Raises:
        ValueError: There are too many, two of one id, or one comes from nowhere.
    """

    generations: tuple[Generation, ...] = ()
    current: str = ""

    def __post_init__(self) -> None:
        if len(self.generations) > MOST_GENERATIONS:
            raise ValueError(f"a tree of more than {MOST_GENERATIONS} generations")
        seen = {""}
        for generation in self.generations:
            if generation.id in seen or generation.parent not in seen:
                raise ValueError(f"generation {generation.id!r} is there twice, or comes from nowhere")
            seen.add(generation.id)
        if self.current not in seen:
            raise ValueError(f"there is no generation {self.current!r}")

    def __len__(self) -> int:
        return len(self.generations)

    @property
    def shown(self) -> Generation | None:
        """The generation that is looked at."""
        return None if not self.current else self.generation(self.current)

    def index(self, generation_id: str) -> int:
        """Its place in the order of breeding.

        Raises:
            ValueError: There is none of that id.
        """
        for index, generation in enumerate(self.generations):
            if generation.id == generation_id:
                return index
        raise ValueError(f"there is no generation {generation_id!r}")

    def generation(self, generation_id: str) -> Generation:
        """The generation of that id.

        Raises:
            ValueError: There is none.
        """
        return self.generations[self.index(generation_id)]

    def is_leaf(self, generation_id: str) -> bool:
        """Whether nothing was bred from it."""
        return all(generation.parent != generation_id for generation in self.generations)

    def depth(self, generation_id: str) -> int:
        """How many generations it is away from a sprite on the canvas, from 0.

        Raises:
            ValueError: There is none of that id.
        """
        depth, generation = 0, self.generation(generation_id)
        while generation.parent:
            depth, generation = depth + 1, self.generation(generation.parent)
        return depth

    def new_id(self) -> str:
        """An id that no generation has."""
        taken = {generation.id for generation in self.generations}
        number = len(taken) + 1
        while f"generation-{number}" in taken:
            number += 1
        return f"generation-{number}"

    def with_generation(self, generation: Generation, index: int, current: str) -> BreedingTree:
        """This tree with one more generation, looking at `current`.

        Raises:
            ValueError: The tree that comes of it makes no sense.
        """
        listed = list(self.generations)
        listed.insert(index, generation)
        return BreedingTree(tuple(listed), current)

    def without(self, generation_id: str, current: str) -> BreedingTree:
        """This tree without a generation, looking at `current`.

        Raises:
            ValueError: There is none of that id, or something was bred from it.
        """
        index = self.index(generation_id)
        return BreedingTree(self.generations[:index] + self.generations[index + 1 :], current)

    def with_kept(self, generation_id: str, kept: tuple[int, ...]) -> BreedingTree:
        """This tree with other children marked.

        Raises:
            ValueError: There is none of that id, or it has no such children.
        """
        listed = list(self.generations)
        index = self.index(generation_id)
        listed[index] = replace(listed[index], kept=kept)
        return BreedingTree(tuple(listed), self.current)


NO_BREEDING = BreedingTree()
"""The tree of an artist who has bred nothing yet."""
