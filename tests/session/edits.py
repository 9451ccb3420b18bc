"""Random documents and commands for laws: what an artist could do next, whatever the document."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.breeding import Generation
from lunar_studio.session.breeding_commands import AddGeneration, GoToGeneration, MarkChildren, RemoveGeneration
from lunar_studio.session.commands import (
    AddBookmark,
    Command,
    LockSlider,
    MoveSlider,
    PinSlider,
    PutLatent,
    RemoveBookmark,
    RenameBookmark,
    RenameSlider,
    ResetAll,
    ResetSlider,
    SetBefore,
    SetLatent,
    SetPalette,
    TagBookmark,
)
from lunar_studio.session.document import Bookmark, Document
from lunar_studio.session.pixel_commands import (
    ClearEdits,
    ErasePixels,
    FillPixels,
    PaintPixels,
    PatchEdits,
    PinPixels,
    RestorePixels,
    UnpinPixels,
)
from lunar_studio.session.teaching import TaughtSlider
from lunar_studio.session.teaching_commands import AddSlider, RemoveSlider

LENGTH = 4

Edit = Callable[[Document], Command | None]
"""The next command for a document; None where it makes no sense there."""


def direction(slider_id: str, *axis: float, name: str = "bulk", centre: float = 0.25, sigma: float = 1.5) -> Direction:
    """A direction along `axis`, which need not be of unit length."""
    values = np.array(axis)
    return Direction(slider_id, name, "shape", values / np.linalg.norm(values), centre, sigma)


DIRECTIONS = (
    direction("shape/0", 1, 0, 0, 0),
    direction("shape/1", 0.2, -1, 0.5, 0, name="upright"),
    direction("colour/0", 0, 0.1, 0.1, 1, name="warm"),
)

_number = st.floats(-8, 8, width=32)
latents = st.builds(Latent, st.lists(_number, min_size=LENGTH, max_size=LENGTH))
_direction = st.sampled_from(DIRECTIONS)
_id = st.sampled_from([known.id for known in DIRECTIONS])
_bookmark_ids = st.sampled_from(["a", "b", "c"])


def bookmark(bookmark_id: str, latent: Latent, name: str = "Red slime") -> Bookmark:
    """A kept sprite of 2 by 2 pixels."""
    return Bookmark(bookmark_id, name, latent, Sprite(np.full((2, 2, 4), 7, np.uint8)), score=71.5, tags=("slime",))


def _if_shown(command: Command) -> Edit:
    return lambda document: command if document.latent is not None and document.anchor is not None else None


def _add(bookmark_id: str, latent: Latent, at: float) -> Edit:
    def edit(document: Document) -> Command | None:
        if any(kept.id == bookmark_id for kept in document.bookmarks):
            return None
        return AddBookmark(bookmark(bookmark_id, latent), round(at * len(document.bookmarks)))

    return edit


def _if_kept(bookmark_id: str, command: Command) -> Edit:
    return lambda document: command if any(kept.id == bookmark_id for kept in document.bookmarks) else None


def _always(command: Command) -> Edit:
    return lambda _: command


_pixel = st.tuples(st.integers(0, 3), st.integers(0, 3))
_stroke = st.lists(_pixel, max_size=5).map(tuple)
_rgba = st.sampled_from([(255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0), (9, 9, 9, 128)])
overlays = st.builds(
    lambda left, right: left.put(right),
    st.builds(Overlay.painted, _stroke, _rgba, pinned=st.booleans()),
    st.builds(Overlay.painted, _stroke, _rgba, pinned=st.booleans()),
)
"""Painted pixels of two colours at most."""

pixel_edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(PaintPixels, _stroke, _rgba, st.booleans()).map(_if_shown),
    st.builds(ErasePixels, _stroke, st.booleans()).map(_if_shown),
    st.builds(FillPixels, _stroke, _rgba, st.booleans()).map(_if_shown),
    st.builds(PinPixels, overlays).map(_if_shown),
    st.builds(UnpinPixels, _stroke).map(_if_shown),
    st.builds(RestorePixels, _stroke).map(_if_shown),
    st.just(_if_shown(ClearEdits())),
    st.builds(PatchEdits, overlays, _stroke).map(_always),
)
"""One thing that an artist could do next with a brush."""

_generation_ids = st.sampled_from(["g1", "g2", "g3"])


def _breed(generation_id: str, parents: list[Latent], seed: int) -> Edit:
    def edit(document: Document) -> Command | None:
        tree = document.breeding
        if any(known.id == generation_id for known in tree.generations):
            return None
        return AddGeneration(Generation(generation_id, tuple(parents), seed, 0.5, count=4, parent=tree.current))

    return edit


def _if_bred(generation_id: str, command: Command, *, leaf: bool = False) -> Edit:
    def edit(document: Document) -> Command | None:
        tree = document.breeding
        known = any(one.id == generation_id for one in tree.generations)
        return command if known and (not leaf or tree.is_leaf(generation_id)) else None

    return edit


breeding_edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(_breed, _generation_ids, st.lists(latents, min_size=1, max_size=3), st.integers(0, 9)),
    _generation_ids.map(lambda one: _if_bred(one, RemoveGeneration(one), leaf=True)),
    _generation_ids.map(lambda one: _if_bred(one, GoToGeneration(one, 2))),
    st.builds(MarkChildren, _generation_ids, st.sets(st.integers(0, 3)).map(lambda kept: tuple(sorted(kept)))).map(
        lambda command: _if_bred(command.generation_id, command)
    ),
)
"""One thing that an artist could do next with the tree of generations."""

_own_ids = st.sampled_from(["yours/1", "yours/2"])


def _teach(slider_id: str, axis: int, at: float) -> Edit:
    def edit(document: Document) -> Command | None:
        if any(known.id == slider_id for known in document.taught):
            return None
        unit = Latent(np.eye(LENGTH)[axis])
        made = TaughtSlider(slider_id, "spiky", unit, 0.5, 1.25, 0.625, 5, 4)
        return AddSlider(made, round(at * len(document.taught)))

    return edit


def _if_taught(slider_id: str) -> Edit:
    def edit(document: Document) -> Command | None:
        known = any(slider.id == slider_id for slider in document.taught)
        return RemoveSlider(slider_id, "spiky") if known else None

    return edit


teaching_edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(_teach, _own_ids, st.integers(0, LENGTH - 1), st.floats(0, 1)),
    _own_ids.map(_if_taught),
)
"""One thing that an artist could do next with sliders of her own."""

edits: st.SearchStrategy[Edit] = st.one_of(
    pixel_edits,
    breeding_edits,
    teaching_edits,
    st.builds(MoveSlider, _direction, st.floats(-4, 4)).map(_if_shown),
    st.builds(ResetSlider, _direction).map(_if_shown),
    st.lists(_direction, max_size=2, unique_by=id).map(lambda locked: _if_shown(ResetAll(tuple(locked)))),
    st.builds(PutLatent, latents).map(_always),
    st.builds(
        SetLatent,
        latents,
        latents,
        st.integers(0, 9),
        st.sampled_from(["", "blue potion"]),
        st.sampled_from([0.5, 1.0]),
        st.none() | latents,
        edits=st.none() | overlays,
        before_edits=overlays,
    ).map(_always),
    st.builds(SetBefore, st.none() | latents, edits=overlays).map(_always),
    st.builds(SetPalette, st.sampled_from([Palette([(1, 2, 3)]), Palette([(9, 9, 9), (0, 0, 0)])])).map(_always),
    st.builds(LockSlider, _id, st.booleans()).map(_always),
    st.builds(PinSlider, _id, st.booleans()).map(_always),
    st.builds(RenameSlider, _id, st.sampled_from(["", "fat", "thin"])).map(_always),
    st.builds(_add, _bookmark_ids, latents, st.floats(0, 1)),
    _bookmark_ids.map(lambda kept: _if_kept(kept, RemoveBookmark(kept))),
    st.builds(RenameBookmark, _bookmark_ids, st.sampled_from(["hero", "villain"])).map(
        lambda command: _if_kept(command.bookmark_id, command)
    ),
    st.builds(TagBookmark, _bookmark_ids, st.sampled_from([(), ("boss",), ("boss", "to do")])).map(
        lambda command: _if_kept(command.bookmark_id, command)
    ),
)
"""One thing an artist could do next."""
