"""Between the document and the model: every edit of the Explore page goes through here.

A view calls a method; the method does a command; the session tells us; if the latent changed we ask
the service to decode it; the service's answer is passed on to the views. Nothing turns back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lunar_studio.core.blending import blended
from lunar_studio.core.events import Decoded, Failure, Sampled
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.sliders import Sliders
from lunar_studio.session.breeding import GROWTH, Generation
from lunar_studio.session.commands import (
    Command,
    PutLatent,
    SetBefore,
    SetLatent,
    apply,
)
from lunar_studio.session.document import Document, with_locks
from lunar_studio.session.history import Session, Snapshot
from lunar_studio.session.offspring import another_child, children
from lunar_studio.session.picture_state import SpriteState, way_back
from lunar_studio.workers.explore_service import Drawn, ExploreService, LoadedModel

FIRST_SEED = 486
"""What the first sprite grows from: the same one every time, so that a fresh start is a known place.

Chosen by eye among the bundled model's first six hundred: a creature that is one at a glance, and scores well.
"""

LARGEST_SEED = 2**31 - 1

RollPart = Literal["all", "colours", "shape"]
"""What a roll draws anew."""

_PART_TITLES: Mapping[RollPart, str] = {"colours": "Re-roll colours", "shape": "Re-roll shape"}
_BEFORE_TOPIC = "before"
_OWN_DRAG = "own sprite"
_FRAME_MS = 1  # behind all that waits for this turn of the event loop, painting among it


class ExploreController(QObject):
    """The Explore page's one way to the document and to the model.

    Args:
        session: The document and its history.
        service: The model.
        parent: Its owner.

    Attributes:
        session: The document and its history.
        sliders: Which there are, and what is done with them.
        document_changed: Emitted with the `Document` after every edit, undo and redo.
        model_changed: Emitted with a `LoadedModel` when another model is open.
        model_replaced: Emitted with it just before the document and history of the model before are forgotten.
        loading_changed: Emitted with whether a model is being opened.
        shown: Emitted with the `Decoded` that the canvas shall show, for what belongs into the frame with it.
        settled: Emitted with it when that frame is on the screen: for whatever else follows from it, and would have
            held it up.
        repainted: Emitted with the `Sprite` to show when pixels were painted; its score follows with `shown`.
        before_changed: Emitted with the `Sprite` that before/after compares with, or None.
        drawn: Emitted with a `Drawn` of the strip's sprites.
        own_taken: Emitted with a `Sprite` of the artist's own whose place shall be found.
        failed: Emitted with a `Failure` for the banner.
        noticed: Emitted with a message, a hint and its kind (`good`, `warn`), for the banner.
    """

    document_changed = Signal(object)
    model_changed = Signal(object)
    model_replaced = Signal(object)
    loading_changed = Signal(bool)
    shown = Signal(object)
    settled = Signal(object)
    repainted = Signal(object)
    before_changed = Signal(object)
    drawn = Signal(object)
    own_taken = Signal(object)
    failed = Signal(object)
    noticed = Signal(str, str, str)

    def __init__(self, session: Session, service: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.sliders = Sliders(session, self)
        self._service = service
        self._model: LoadedModel | None = None
        self._current: Decoded | None = None
        self._asked: tuple[Latent, Overlay] | None = None
        self._asked_before: tuple[Latent | None, Overlay] = (None, NOTHING)
        self._sampling: tuple[int, str, float] | None = None
        self._sampling_part: RollPart = "all"
        self._random = random.Random()
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(_FRAME_MS)
        self._frame.timeout.connect(self._on_frame_ended)
        self._unsubscribe: Callable[[], None] = session.subscribe(self._on_document)
        service.loading.connect(self._on_loading)
        service.loaded.connect(self._on_loaded)
        service.load_failed.connect(self._on_load_failed)
        service.decoded.connect(self._on_decoded)
        service.sampled.connect(self._on_sampled)
        service.drawn.connect(self._on_drawn)
        service.failed.connect(self.failed)

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self.session.document

    @property
    def model(self) -> LoadedModel | None:
        """The open model."""
        return self._model

    @property
    def service(self) -> ExploreService:
        """The model's worker, for what this class has no word for."""
        return self._service

    @property
    def current(self) -> Decoded | None:
        """What was shown last: sprite and score."""
        return self._current

    # ---- the model ---------------------------------------------------------------------------------

    def open_model(self, path: Path | None) -> None:
        """Open a model file, or the bundled model for None."""
        self._service.load(path)

    @Slot()
    def _on_loading(self) -> None:
        self.loading_changed.emit(True)

    @Slot(object)
    def _on_loaded(self, model: LoadedModel) -> None:
        is_other = not self._fits(model)
        if is_other:
            self.model_replaced.emit(model)
        self._model = model
        self.sliders.set_model(model)
        self._current = None
        self._asked, self._asked_before = None, (None, NOTHING)
        self.loading_changed.emit(False)
        if is_other:
            self.session.start(self.document.for_model(model.info.digest))
        self.model_changed.emit(model)  # whoever hears it may put a document of that model in place
        if self._fits(model):
            self._on_document(self.document)
        else:
            self.roll(FIRST_SEED)

    def _fits(self, model: LoadedModel) -> bool:
        """Whether the document shows a sprite of that model."""
        return self.document.model == model.info.digest and self.document.latent is not None

    def go_on(self, snapshot: Snapshot) -> None:
        """Go on with another document and its history, of the open model.

        Raises:
            ValueError: It is of another model, or its history does not lead to it.
        """
        model, latent = self._model, snapshot.document.latent
        if model is None or snapshot.document.model != model.info.digest:
            raise ValueError("a document of another model")
        if latent is not None and len(latent) != model.info.latent_dim:
            raise ValueError(f"a latent of {len(latent)} numbers in a model of {model.info.latent_dim}")
        self._sampling = None
        self.session.restore(snapshot)
        if latent is None:
            self.roll(FIRST_SEED)

    @Slot(object)
    def _on_load_failed(self, failure: Failure) -> None:
        self.loading_changed.emit(False)
        self.failed.emit(failure)

    def end_move(self) -> None:
        """Close a drag: the next move is a step of its own."""
        self.session.end_merge()

    # ---- random sprites ----------------------------------------------------------------------------

    def new_seed(self) -> int:
        """A seed that nobody chose."""
        return self._random.randrange(LARGEST_SEED)

    def roll(
        self,
        seed: int | None = None,
        *,
        prompt: str | None = None,
        temperature: float | None = None,
        part: RollPart = "all",
    ) -> None:
        """Let the model invent a sprite; locked sliders keep their position.

        Args:
            seed: What it grows from; a new one for None.
            prompt: Words to follow; the document's for None.
            temperature: Spread; the document's for None.
            part: What of the sprite is invented; the rest stays, and the exploration goes on.
        """
        document = self.document
        wanted = (
            self.new_seed() if seed is None else seed,
            document.prompt if prompt is None else prompt,
            document.temperature if temperature is None else temperature,
        )
        if self._model is not None:
            self._sampling, self._sampling_part = wanted, part
            self._service.request_sample(seed=wanted[0], prompt=wanted[1], count=1, temperature=wanted[2])

    @Slot(object)
    def _on_sampled(self, sampled: Sampled) -> None:
        wanted = self._sampling
        if wanted is None or (sampled.seed, sampled.prompt) != wanted[:2]:
            return  # of a model or a roll that has been replaced meanwhile
        self._sampling = None
        if self._sampling_part != "all":
            self._put_part(sampled.latents[0], self._sampling_part)
            return
        title = f"Re-roll “{sampled.prompt}”" if sampled.prompt else "Re-roll"
        self.begin(sampled.latents[0], title, seed=sampled.seed, prompt=sampled.prompt, temperature=wanted[2])

    def _put_part(self, invented: Latent, part: RollPart) -> None:
        """Take colours or shape from an invented sprite, and the rest from the one that is shown."""
        model, latent = self._model, self.document.latent
        if model is None or latent is None:
            return
        colours, shape = ((0.0, 1.0), (1.0, 0.0)) if part == "colours" else ((1.0, 0.0), (0.0, 1.0))
        mixed = blended((latent, invented), shape, model.info.latent_parts, colours)
        self.session.do(PutLatent(with_locks(mixed, latent, self.sliders.locked), _PART_TITLES[part]))

    def begin(
        self,
        latent: Latent,
        title: str,
        *,
        seed: int = 0,
        prompt: str = "",
        temperature: float | None = None,
        edits: Overlay | None = None,
    ) -> None:
        """Begin a new exploration at `latent`; locked sliders keep their position, pinned pixels their colour.

        Args:
            latent: Where to begin.
            title: The line in the history list.
            seed: What it grew from.
            prompt: The words it followed.
            temperature: Its spread; the document's for None.
            edits: Painted pixels that belong to it; None keeps the pinned ones.
        """
        document = self.document
        spread = document.temperature if temperature is None else temperature
        if document.latent is None:
            # The first sprite of a model is where the history begins, and no step of it.
            first = document.for_model(document.model)
            begun = replace(first, latent=latent, anchor=latent, seed=seed, prompt=prompt, temperature=spread)
            self.session.start(begun)
            return
        kept = with_locks(latent, document.latent, self.sliders.locked)
        before = kept if edits else None  # else before/after would show it without its painted pixels
        self.session.do(
            SetLatent(
                kept, kept, seed, prompt, spread, before, title, edits, NOTHING if before is None else edits or NOTHING
            )
        )

    def go_back_to(self, state: SpriteState, title: str) -> None:
        """Go to where a picture of the open model came from, exactly: locks and pins of now do not count."""
        self._go(way_back(state, title))

    def _go(self, command: Command, *, merge: str | None = None) -> None:
        """Do a command; the first sprite of all is where the history begins."""
        if self.document.latent is None:
            self.session.start(apply(self.document, command)[0])
        else:
            self.session.do(command, merge=merge)

    # ---- own sprites -------------------------------------------------------------------------------

    def take_sprite(self, sprite: Sprite) -> None:
        """Look for the place of an artist's own sprite in the latent space (`OwnSprite` does), and go there."""
        if self._model is not None:
            self.own_taken.emit(sprite)

    def put_own(self, latent: Latent, title: str) -> None:
        """Show what the model draws of an own sprite, without locks and pins of now; one step until `end_move`."""
        command = SetLatent(latent, latent, 0, "", self.document.temperature, None, title, NOTHING)
        self._go(command, merge=_OWN_DRAG)

    # ---- the strip ---------------------------------------------------------------------------------

    def draw_random(self, *, seed: int, count: int, topic: str) -> None:
        """Ask for random sprites; `drawn` answers with the same topic."""
        if self._model is not None:
            self._service.request_random_draw(topic=topic, seed=seed, count=count, prompt=self.document.prompt)

    def draw_variations(self, *, strength: float, seed: int, count: int, topic: str) -> None:
        """Ask for sprites like the one shown; `drawn` answers with the same topic."""
        latent = self.document.latent
        if self._model is None or latent is None:
            return
        held = self.sliders.locked_ids
        bred = Generation(topic, (latent,), seed, strength, count=count, held=held, growth=GROWTH)
        grown_from = (bred, self.sliders.for_children(held), self._model.info.latent_parts)
        self._service.request_draw(children(*grown_from), topic=topic, another=partial(another_child, *grown_from))

    @Slot(object)
    def _on_drawn(self, drawn: Drawn) -> None:
        if drawn.topic != _BEFORE_TOPIC:
            self.drawn.emit(drawn)
        elif drawn.latents and drawn.latents[0] == self._asked_before[0]:
            self.before_changed.emit(self._asked_before[1].over(drawn.sprites[0]))

    # ---- before and after --------------------------------------------------------------------------

    def compare_with_this(self) -> None:
        """Let before/after compare with what is shown."""
        self.do(SetBefore(self.document.latent, edits=self.document.edits))

    def do(self, command: Command) -> None:
        """Do any other command."""
        self.session.do(command)

    # ---- what follows from an edit -------------------------------------------------------------------

    def _on_document(self, document: Document) -> None:
        self.sliders.take_own(document)
        if document.latent is None:  # begun anew: the sprite on the canvas belongs to nothing that could be edited
            self._current, self._asked = None, None
        asked = self._asked
        if self._model is not None and document.latent is not None:
            wanted = (document.latent, document.edits)
            if wanted != asked:
                self._asked = wanted
                self._service.request_decode(*wanted)
        self._ask_before(document)
        self.document_changed.emit(document)
        if asked is not None and document.latent is asked[0] and document.edits != asked[1]:
            self._repaint(document.edits)

    def _ask_before(self, document: Document) -> None:
        compared = (document.compared, document.compared_edits)
        if compared != self._asked_before:
            self._asked_before = compared
            if compared[0] is None:
                self.before_changed.emit(None)
            elif self._model is not None:
                self._service.request_draw((compared[0],), topic=_BEFORE_TOPIC)

    def _repaint(self, edits: Overlay) -> None:
        """Show painted pixels at once: nobody waits for the teacher to see a stroke."""
        if self._current is not None:
            base = self._current.drawn
            self._current = replace(self._current, sprite=edits.over(base), base=base, edits=edits)
            self.repainted.emit(self._current.sprite)

    @Slot(object)
    def _on_decoded(self, decoded: Decoded) -> None:
        if self.document.latent is None:
            return  # asked for before the project was begun anew
        edits = self.document.edits
        if decoded.edits != edits and decoded.latent == self.document.latent:
            # Painted on meanwhile; a stroke must not vanish for a moment because its score is on the way.
            base = decoded.drawn
            decoded = replace(decoded, sprite=edits.over(base), base=base, edits=edits)
        self._current = decoded
        self.shown.emit(decoded)
        self._frame.start()

    @Slot()
    def _on_frame_ended(self) -> None:
        if self._current is not None:
            self.settled.emit(self._current)

    def close(self) -> None:
        """Stop watching the session."""
        self._unsubscribe()
