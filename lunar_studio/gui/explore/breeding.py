"""Breeding in the window: between the view, the document's tree and the model's thread.

The document says which generations there are; which sprites their children are is found out when one is looked at,
and kept for the few that were looked at last.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from lunar_studio.core.blending import LatentParts
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.breed_view import BreedView
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.shelving import Shelving
from lunar_studio.session.breeding import GROWTH, MOST_GENERATIONS, BreedingTree, Generation
from lunar_studio.session.breeding_commands import AddGeneration, GoToGeneration, MarkChildren, RemoveGeneration
from lunar_studio.session.document import Document
from lunar_studio.session.offspring import another_child, children
from lunar_studio.workers.explore_service import LoadedModel
from lunar_studio.workers.grid_service import GridPart, GridService

_REMEMBERED = 12


@dataclass(slots=True)
class _Litter:
    """The children of one generation, as far as they are known: one that was not drawn may give way to another."""

    latents: list[Latent]
    sprites: list[Sprite] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    def take(self, part: GridPart) -> None:
        """Some more were drawn."""
        start = len(self.sprites)
        self.latents[start : start + len(part.latents)] = part.latents
        self.sprites += part.sprites
        self.scores += part.scores


class Breeding(QObject):
    """What the Breed view does.

    Args:
        controller: The way to document and model.
        view: Where it is seen.
        shelving: Keeps children.
        parent: Its owner.
    """

    def __init__(
        self, controller: ExploreController, view: BreedView, shelving: Shelving, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._shelving = shelving
        self._view = view
        self._grid = GridService(controller.service, "breed", self)
        self._thumbs = GridService(controller.service, "breed-tree", self)
        self._litters: OrderedDict[Generation, _Litter] = OrderedDict()
        self._shown: Generation | None = None
        self._wanted_thumbs: tuple[Latent, ...] = ()
        self._tree = BreedingTree()
        self._pins = NOTHING
        self._is_asked = False
        self._taken: Latent | None = None
        view.begin_asked.connect(self.begin)
        view.breed_asked.connect(self.breed)
        view.again_asked.connect(self.again)
        view.grid.toggled.connect(self.toggle)
        view.grid.taken.connect(self.take)
        view.grid.keep_asked.connect(self.keep)
        view.tree.chosen.connect(self.go_to)
        view.tree.remove_asked.connect(self.remove)
        self._grid.arrived.connect(self._on_part)
        self._thumbs.arrived.connect(self._on_thumbs)
        controller.document_changed.connect(self._on_document)
        controller.model_changed.connect(self._on_model)

    # ---- what the artist asks ----------------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Variations of the sprite on the canvas, as a new branch."""
        latent = self._controller.document.latent
        if latent is not None:
            self._add((latent,), "")

    @Slot()
    def breed(self) -> None:
        """The next generation, from the marked children."""
        self._is_asked = False
        if self._shown is not None and (kept := self._shown.kept):
            litter = self._litter(self._shown)
            if kept[-1] < len(litter.sprites):
                self._add(tuple(litter.latents[index] for index in kept), self._shown.id)
            else:
                self._is_asked = True  # once the marked are drawn: before, nobody knows which they are

    @Slot()
    def again(self) -> None:
        """Other children of the same parents, as a branch beside this one."""
        if self._shown is not None:
            self._add(self._shown.parents, self._shown.parent)

    def _add(self, parents: tuple[Latent, ...], parent: str) -> None:
        document, view = self._controller.document, self._view
        if self._controller.model is None:
            return
        if len(document.breeding) >= MOST_GENERATIONS:
            view.say(f"There are {MOST_GENERATIONS} generations already. Remove some with a right click first.")
            return
        made = Generation(
            document.breeding.new_id(),
            parents,
            self._controller.new_seed(),
            view.spread,
            view.share,
            view.count,
            parent,
            self._controller.sliders.locked_ids,
            growth=GROWTH,
        )
        self._controller.do(AddGeneration(made))

    @Slot(int)
    def toggle(self, index: int) -> None:
        """Mark a child as a parent, or take the mark away; marks of one generation are one step."""
        shown = self._shown
        if shown is not None and 0 <= index < shown.count:
            kept = tuple(sorted(set(shown.kept) ^ {index}))
            self._controller.session.do(MarkChildren(shown.id, kept), merge=f"marks/{shown.id}")

    @Slot(int)
    def take(self, index: int) -> None:
        """Make a child the sprite on the canvas; undo brings the other back."""
        if self._shown is None:
            return
        document, litter = self._controller.document, self._litter(self._shown)
        if 0 <= index < len(litter.sprites):
            latent = litter.latents[index]
            self._controller.begin(latent, "Take from breeding", seed=document.seed, prompt=document.prompt)
            self._taken = self._controller.document.latent
            self._view.say(f"Number {index + 1} is the sprite now. Undo brings the other back.")

    @Slot(int)
    def keep(self, index: int) -> None:
        """Put a child on the shelf."""
        if self._shown is None:
            return
        litter = self._litter(self._shown)
        if 0 <= index < len(litter.sprites):
            score = litter.scores[index].value
            judged = None if math.isnan(score) else score
            self._shelving.keep(litter.latents[index], litter.sprites[index], judged, seed=self._shown.seed)
            self._view.say(f"Number {index + 1} is on the shelf.")

    @Slot(str)
    def go_to(self, generation_id: str) -> None:
        """Look at another generation; nothing is lost."""
        tree = self._controller.document.breeding
        if generation_id != tree.current:
            self._controller.do(GoToGeneration(generation_id, tree.index(generation_id) + 1))

    @Slot(str)
    def remove(self, generation_id: str) -> None:
        """Take a generation from which nothing was bred out of the tree; undo brings it back."""
        tree = self._controller.document.breeding
        if tree.is_leaf(generation_id):
            stays = tree.current if tree.current != generation_id else tree.generation(generation_id).parent
            self._controller.do(RemoveGeneration(generation_id, stays))

    # ---- what follows ------------------------------------------------------------------------------

    @Slot(object)
    def _on_model(self, _model: LoadedModel) -> None:
        self._litters.clear()
        self._tree, self._shown = BreedingTree(), None
        self._on_document(self._controller.document)

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        self._show_pins(document.edits.pinned)
        if self._taken is not None and document.latent is not self._taken:
            self._taken = None
            self._view.say("")  # another sprite is on the canvas by now
        tree = document.breeding
        if tree == self._tree or self._controller.model is None:
            return
        self._tree = tree
        self._is_asked = False
        before, self._shown = self._shown, tree.shown
        self._view.show_tree(tree)
        if self._shown is None:
            self._grid.stop()
        elif before is None or _unmarked(before) != _unmarked(self._shown):
            self._show_litter(self._shown)
            self._view.grid.set_marked(self._shown.kept)
        missing = self._view.tree.missing()
        if missing and missing != self._wanted_thumbs:
            self._wanted_thumbs = missing
            self._thumbs.request(missing)

    def _show_litter(self, generation: Generation) -> None:
        litter = self._litter(generation)
        self._view.grid.clear(generation.count)
        self._view.grid.put(0, self._as_seen(litter.sprites), litter.scores)
        known = len(litter.sprites)
        if known == generation.count:
            self._grid.stop()
            return
        another = partial(_another, *self._grown_from(generation), known) if generation.growth > 1 else None
        self._grid.request(litter.latents[known:], another)

    def _grown_from(self, generation: Generation) -> tuple[Generation, Sequence[Direction], LatentParts]:
        model = self._controller.model
        if model is None:
            raise RuntimeError("children are asked for before a model is open")
        return generation, self._controller.sliders.for_children(generation.held), model.info.latent_parts

    def _as_seen(self, sprites: Sequence[Sprite]) -> list[Sprite]:
        """Children with pinned pixels over them, as they would be on the canvas."""
        return [self._pins.over(sprite) for sprite in sprites]

    def _show_pins(self, pins: Overlay) -> None:
        if pins != self._pins:
            self._pins = pins
            if self._shown is not None:
                litter = self._litter(self._shown)
                self._view.grid.put(0, self._as_seen(litter.sprites), litter.scores)

    def _litter(self, generation: Generation) -> _Litter:
        """The children of a generation, from memory or grown anew."""
        key = _unmarked(generation)
        if key not in self._litters:
            self._litters[key] = _Litter(list(children(*self._grown_from(generation))))
            while len(self._litters) > _REMEMBERED:
                self._litters.popitem(last=False)
        self._litters.move_to_end(key)
        return self._litters[key]

    @Slot(object)
    def _on_part(self, part: GridPart) -> None:
        if self._shown is None:
            return
        litter = self._litter(self._shown)
        start = len(litter.sprites)
        litter.take(part)
        self._view.grid.put(start, self._as_seen(part.sprites), part.scores)
        if self._is_asked:
            self.breed()

    @Slot(object)
    def _on_thumbs(self, part: GridPart) -> None:
        latents = self._wanted_thumbs[part.start : part.start + len(part.sprites)]
        self._view.tree.put(dict(zip(latents, part.sprites, strict=True)))


def _another(
    generation: Generation, directions: Sequence[Direction], parts: LatentParts, known: int, index: int, attempt: int
) -> Latent:
    """What stands in for an empty child of those behind the known ones."""
    return another_child(generation, directions, parts, known + index, attempt)


def _unmarked(generation: Generation) -> Generation:
    """What a generation's children grow from; marks change nothing of them."""
    return replace(generation, kept=()) if generation.kept else generation
