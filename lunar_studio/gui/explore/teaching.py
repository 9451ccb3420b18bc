"""Teaching sliders in the window: between the panel of examples, the document and the panel of sliders."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.latent_panel import LatentPanel
from lunar_studio.gui.explore.teach_panel import TeachPanel
from lunar_studio.session.document import MOST_TAUGHT, Document
from lunar_studio.session.teaching import FEWEST, MOST, Lesson, TaughtSlider, learned, strength
from lunar_studio.session.teaching_commands import AddSlider, RemoveSlider
from lunar_studio.workers.explore_service import LoadedModel

Kind = Literal["more", "less"]


class Teaching(QObject):
    """What the Teach panel does.

    Args:
        controller: The way to document and model.
        panel: Where examples are collected.
        sliders: Where the artist's own sliders appear.
        parent: Its owner.

    Attributes:
        said: Emitted with a sentence for the status line.
        opened: Emitted with whether the panel shall be seen.
    """

    said = Signal(str)
    opened = Signal(bool)

    def __init__(
        self, controller: ExploreController, panel: TeachPanel, sliders: LatentPanel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._panel = panel
        self._sliders = sliders
        self._examples: dict[Kind, list[tuple[Latent, Sprite]]] = {"more": [], "less": []}
        self._lesson: Lesson | None = None
        self._taught: tuple[TaughtSlider, ...] = ()
        self._names: tuple[str, ...] = ()
        panel.more.add_asked.connect(self._on_add_more)
        panel.less.add_asked.connect(self._on_add_less)
        panel.more.remove_asked.connect(self._on_remove_more)
        panel.less.remove_asked.connect(self._on_remove_less)
        panel.close_asked.connect(self.close)
        panel.share_changed.connect(self._learn)
        panel.make_asked.connect(self.make)
        panel.remove_asked.connect(self.remove)
        controller.document_changed.connect(self._on_document)
        controller.model_replaced.connect(self._on_replaced)
        controller.model_changed.connect(self._on_model)
        self._learn()

    @property
    def lesson(self) -> Lesson | None:
        """What the examples teach; None while they are too few or alike."""
        return self._lesson

    @Slot()
    def open(self) -> None:
        """Show the panel."""
        self.opened.emit(True)

    @Slot()
    def close(self) -> None:
        """Show the sliders again; examples stay."""
        self.opened.emit(False)

    # ---- examples ----------------------------------------------------------------------------------

    def add(self, kind: Kind, latent: Latent, sprite: Sprite) -> None:
        """Put a sprite into a bin; one that is in the other bin moves."""
        model = self._controller.model
        if model is None or len(latent) != model.info.latent_dim:
            self.said.emit("This sprite is of another model: go to it first, then add it")
            return
        other: Kind = "less" if kind == "more" else "more"
        self._examples[other] = [one for one in self._examples[other] if one[0] != latent]
        here = self._examples[kind]
        if len(here) >= MOST:
            self.said.emit(f"{MOST} examples are enough")
        elif all(one[0] != latent for one in here):
            here.append((latent, sprite))
        self._learn()
        if self._panel.isHidden():
            self.open()

    def add_bookmark(self, kind: str, bookmark_id: str) -> None:
        """Put a kept sprite into the bin `more` or `less`."""
        kept = self._controller.document.bookmark(bookmark_id)
        if kept.model and kept.model != self._controller.document.model:
            self.said.emit(f"{kept.name} is of another model: go to it first, then add it")
        else:
            self.add("more" if kind == "more" else "less", kept.latent, kept.sprite)

    def add_found(self, kind: str, latent: Latent, sprite: Sprite) -> None:
        """Put a sprite of the strip into the bin `more` or `less`."""
        self.add("more" if kind == "more" else "less", latent, sprite)

    def _add_current(self, kind: Kind) -> None:
        current, latent = self._controller.current, self._controller.document.latent
        if current is not None and latent is not None and current.latent == latent:
            self.add(kind, latent, current.sprite)

    @Slot()
    def _on_add_more(self) -> None:
        self._add_current("more")

    @Slot()
    def _on_add_less(self) -> None:
        self._add_current("less")

    @Slot(int)
    def _on_remove_more(self, index: int) -> None:
        del self._examples["more"][index]
        self._learn()

    @Slot(int)
    def _on_remove_less(self, index: int) -> None:
        del self._examples["less"][index]
        self._learn()

    # ---- learning ----------------------------------------------------------------------------------

    @Slot()
    def _learn(self) -> None:
        more, less = ([latent for latent, _ in self._examples[kind]] for kind in ("more", "less"))
        self._panel.more.show_sprites([sprite for _, sprite in self._examples["more"]])
        self._panel.less.show_sprites([sprite for _, sprite in self._examples["less"]])
        self._lesson = None
        model = self._controller.model
        if model is None or min(len(more), len(less)) < FEWEST:
            self._panel.show_lesson(
                f"At least {FEWEST} of each are needed, five are better: {len(more)} and {len(less)} so far.",
                can_make=False,
            )
            return
        share = self._panel.share
        if not any(one.group == ("colour" if share == "colours" else "shape") for one in model.directions):
            self._panel.show_lesson("This model has no directions to learn from.", can_make=False)
            return
        self._lesson = learned(more, less, model.directions, share)
        if self._lesson is None:
            self._panel.show_lesson("Both sides are alike: there is nothing to learn from.", can_make=False)
            return
        found = strength(self._lesson.accuracy, len(more), len(less))
        self._panel.show_lesson(
            f"{found[0].upper()}{found[1:]} (that many examples are told right by the others; 50 % is guessing).",
            can_make=True,
        )

    @Slot(str)
    def make(self, name: str) -> None:
        """Add the slider that the examples teach."""
        lesson, document = self._lesson, self._controller.document
        if lesson is None:
            return
        if len(document.taught) >= MOST_TAUGHT:
            self.said.emit(f"There are {MOST_TAUGHT} sliders of your own already: remove some first")
            return
        taken, number = {slider.id for slider in document.taught}, 1
        while f"yours/{number}" in taken:
            number += 1
        more, less = len(self._examples["more"]), len(self._examples["less"])
        made = TaughtSlider(
            f"yours/{number}", name, lesson.axis, lesson.centre, lesson.sigma, lesson.accuracy, more, less
        )
        self._controller.do(AddSlider(made))
        self._panel.name.clear()
        self.close()
        self._sliders.go_to(made.id)
        self.said.emit(f"{name} is among your sliders ({made.strength})")

    @Slot(str)
    def remove(self, slider_id: str) -> None:
        """Remove one of the artist's sliders; undo brings it back."""
        named = {slider.id: slider.name for slider in self._controller.document.taught}
        if slider_id in named:
            self._controller.do(RemoveSlider(slider_id, named[slider_id]))

    # ---- what follows ------------------------------------------------------------------------------

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        names = tuple(document.slider_names.get(slider.id, slider.name) for slider in document.taught)
        if document.taught is self._taught and names == self._names:
            return
        is_other = document.taught != self._taught
        self._taught, self._names = document.taught, names
        self._panel.show_sliders(document.taught, names)
        if is_other:
            self._show_sliders()

    def _show_sliders(self) -> None:
        model = self._controller.model
        if model is not None:
            self._sliders.set_model(replace(model, directions=self._controller.sliders.directions))
            self._sliders.show_document(self._controller.document)

    @Slot(object)
    def _on_replaced(self, _model: LoadedModel) -> None:
        self._examples = {"more": [], "less": []}
        self._lesson = None

    @Slot(object)
    def _on_model(self, _model: LoadedModel) -> None:
        self._learn()
        if self._controller.document.taught:
            self._show_sliders()
