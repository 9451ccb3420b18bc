"""The document: everything an artist has made in the Explore page, as one frozen value.

A document never changes; `commands.apply` makes the next one. Values share their arrays, so that
thousands of documents in a history cost little more than one. Slider positions are not in here:
they are derived from the latent (`core.latent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.breeding import NO_BREEDING, BreedingTree
from lunar_studio.session.teaching import TaughtSlider

NO_COLOURS = Palette(np.zeros((0, 3), np.uint8))
"""The palette of an artist who has mixed no colour yet."""

MOST_TAGS, LONGEST_TAG = 20, 40
"""Tags of one kept sprite, and letters of one tag."""

MOST_TAUGHT = 100
"""Own sliders in a document."""


def tags_of(text: str) -> tuple[str, ...]:
    """The tags that a line such as `boss, to do` names, each once, in order."""
    words = (" ".join(part.split())[:LONGEST_TAG].strip() for part in text.split(","))
    found: dict[str, str] = {}
    for word in words:
        if word:
            found.setdefault(word.casefold(), word)
    return tuple(found.values())[:MOST_TAGS]


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A sprite worth keeping, with all it takes to get back to it.

    Attributes:
        id: Unique within a document; never shown.
        name: What the artist calls it.
        latent: Where it is in the latent space of `model`.
        sprite: Its exact pixels, painted ones too, so that it can be shown and exported without the model.
        score: The teacher's judgement when it was kept, 0 to 100; None if there was none.
        seed: The seed the exploration grew from.
        prompt: The words the exploration followed; empty for none.
        tags: Words to find it by.
        model: Digest of the model it was made with (`ModelInfo.digest`); empty if unknown.
        edits: Which of its pixels were painted.
    """

    id: str
    name: str
    latent: Latent
    sprite: Sprite
    score: float | None = None
    seed: int = 0
    prompt: str = ""
    tags: tuple[str, ...] = ()
    model: str = ""
    edits: Overlay = NOTHING

    def is_found_by(self, words: str) -> bool:
        """Whether each of some words stands in its name, its tags or its prompt."""
        text = " ".join((self.name, *self.tags, self.prompt)).casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class Document:
    """Where the artist stands, and what she has kept.

    Attributes:
        latent: What the canvas shows; None before the first sprite.
        anchor: Where the current exploration began (re-roll, own sprite, bookmark); resets go there.
        seed: What the anchor grew from.
        prompt: The words the anchor followed; empty for none.
        temperature: Spread of the random latents; 1 is the model's own.
        locked: Ids of directions that keep their position when everything else is re-rolled or reset.
        slider_names: The artist's own names by direction id; sliders without one show the direction's.
        bookmarks: Kept sprites, in the order of the shelf.
        before: What before/after compares with; None means the anchor.
        model: Digest of the model that `latent`, `anchor` and `before` belong to.
        edits: Painted pixels over what the latent draws; the pinned ones stay through re-rolls.
        before_edits: Painted pixels over what `before` draws.
        palette: Colours that the artist has mixed herself.
        breeding: Generations of variations, of `model`.
        taught: Sliders that the artist has made from examples, of `model`.
        raised: Ids of directions whose sliders stand above all others.
    """

    latent: Latent | None = None
    anchor: Latent | None = None
    seed: int = 0
    prompt: str = ""
    temperature: float = 1.0
    locked: frozenset[str] = frozenset()
    slider_names: Mapping[str, str] = field(default_factory=dict)
    bookmarks: tuple[Bookmark, ...] = ()
    before: Latent | None = None
    model: str = ""
    edits: Overlay = NOTHING
    before_edits: Overlay = NOTHING
    palette: Palette = NO_COLOURS
    breeding: BreedingTree = NO_BREEDING
    taught: tuple[TaughtSlider, ...] = ()
    raised: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "slider_names", MappingProxyType(dict(self.slider_names)))

    @property
    def compared(self) -> Latent | None:
        """The latent that before/after shows as "before"."""
        return self.anchor if self.before is None else self.before

    @property
    def compared_edits(self) -> Overlay:
        """The painted pixels that before/after shows as "before"; where exploring began there were none."""
        return NOTHING if self.before is None else self.before_edits

    def slider_name(self, direction: Direction) -> str:
        """What the slider of `direction` is called: the artist's name for it, or its own."""
        return self.slider_names.get(direction.id, direction.name)

    def bookmark(self, bookmark_id: str) -> Bookmark:
        """The bookmark of that id.

        Raises:
            ValueError: There is none.
        """
        return self.bookmarks[self.bookmark_index(bookmark_id)]

    def bookmark_index(self, bookmark_id: str) -> int:
        """Its place on the shelf, from 0.

        Raises:
            ValueError: There is no bookmark of that id.
        """
        for index, bookmark in enumerate(self.bookmarks):
            if bookmark.id == bookmark_id:
                return index
        raise ValueError(f"there is no bookmark {bookmark_id!r}")

    def for_model(self, digest: str) -> Document:
        """An empty document for another model that keeps the palette and the bookmarks: they carry their own pixels."""
        return Document(bookmarks=self.bookmarks, model=digest, palette=self.palette)


def with_locks(latent: Latent, kept: Latent, locked: Iterable[Direction]) -> Latent:
    """The latent nearest to `latent` in which every locked slider stands where it stands in `kept`.

    Directions need not be orthogonal or independent: all locks hold at once, to float32 rounding.

    Args:
        latent: Where a re-roll or reset would go.
        kept: Where the sliders stand now.
        locked: The directions that must not move.

    Raises:
        ValueError: The lengths of latents and directions differ.
    """
    axes = [direction.axis_L for direction in locked]
    if len(latent) != len(kept) or any(len(axis) != len(latent) for axis in axes):
        raise ValueError("latents and directions of different models cannot be mixed")
    if not axes:
        return latent
    axes_KL = np.stack(axes).astype(np.float64)
    goal_L, kept_L = latent.values_L.astype(np.float64), kept.values_L.astype(np.float64)
    step_L, *_ = np.linalg.lstsq(axes_KL, axes_KL @ (kept_L - goal_L), rcond=None)
    return Latent(goal_L + step_L)
