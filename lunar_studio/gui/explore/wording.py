"""Words in the window: Enter draws candidates, which come into the strip ranked; the best becomes the sprite.

Whoever takes one of them, or goes anywhere else, while others are still on their way keeps what she has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.gui.explore.controller import LARGEST_SEED, ExploreController
from lunar_studio.gui.explore.offering import Offering
from lunar_studio.gui.explore.roll_bar import RollBar
from lunar_studio.workers.explore_service import LoadedModel
from lunar_studio.workers.words_service import Ranked, WordsService

COUNT = 16
"""Candidates for one Enter."""

_LONGEST_TITLE = 24
_KIND = "words"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of the model last."""

    prompt: str
    seed: int
    temperature: float
    is_for_strip: bool = False
    begun_at: Latent | None = None  # the sprite of that moment


class Wording(QObject):
    """Between the prompt box, the model and the strip.

    Args:
        controller: The way to document and model.
        bar: Where words are typed.
        offering: Brings candidates into the strip.
        parent: Its owner.

    Attributes:
        said: Emitted with a sentence for the status line.
    """

    said = Signal(str)

    def __init__(
        self, controller: ExploreController, bar: RollBar, offering: Offering, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._bar = bar
        self._offering = offering
        self._service = WordsService(controller.service, self)
        self._seeds: dict[Latent, tuple[int, str]] = {}
        self._asked = _Asked("", 0, 1.0)
        bar.words_asked.connect(self.ask)
        offering.renew_asked.connect(self._on_renew)
        self._service.found.connect(self._on_found)
        controller.model_changed.connect(self._on_model)

    def origin(self, latent: Latent) -> tuple[int, str] | None:
        """Seed and words of a candidate; None for any other latent."""
        return self._seeds.get(latent)

    @Slot()
    def ask(self) -> None:
        """Draw for the words in the bar; without words, or without a vocabulary, any sprite."""
        model, prompt = self._controller.model, self._bar.words.text().strip()
        spread = self._bar.spread.value()
        if model is None:
            return
        if not prompt or not model.words:
            self._controller.roll(prompt=prompt, temperature=spread)
        elif not self._bar.field.is_known():
            self.said.emit("The model knows none of these words")
        else:
            seed = min(self._controller.new_seed(), LARGEST_SEED - COUNT)
            self._request(_Asked(prompt, seed, spread, begun_at=self._controller.document.latent))

    def _request(self, asked: _Asked) -> None:
        self._asked = asked
        self.said.emit(f"Drawing {COUNT} sprites for “{asked.prompt}”…")
        self._service.request(asked.prompt, seed=asked.seed, count=COUNT, temperature=asked.temperature)

    @Slot(str)
    def _on_renew(self, kind: str) -> None:
        """Others for the same words, of the seeds that follow; the sprite on the canvas stays."""
        if kind == _KIND:
            seed = (self._asked.seed + COUNT) % (LARGEST_SEED - COUNT)
            self._request(replace(self._asked, seed=seed, is_for_strip=True))

    @Slot(str, object)
    def _on_found(self, prompt: str, ranked: Ranked) -> None:
        found, is_first = ranked.candidates, len(ranked.candidates) == 1
        if is_first:
            self._seeds = {}
        self._seeds |= {one.latent: (one.seed, prompt) for one in found}
        notes = tuple(f"Fits “{prompt}” {fit}" if (fit := told(one.fit)) else "" for one in found)
        badges = tuple(told(one.fit) for one in found)
        title = prompt if len(prompt) <= _LONGEST_TITLE else f"{prompt[: _LONGEST_TITLE - 1]}…"
        self._offering.offer_drawn(title, found, notes, badges, _KIND, is_more=not is_first)
        if not ranked.is_whole:
            self.said.emit(f"Drawing for “{prompt}”: {len(found)} of {ranked.wanted}, best first")
            return
        best = found[0]
        if self._is_waited_for():
            temperature = self._asked.temperature
            self._controller.begin(
                best.latent, f"Words “{prompt}”", seed=best.seed, prompt=prompt, temperature=temperature
            )
        fits = f"; the best fits {told(best.fit)}" if told(best.fit) else ""
        self.said.emit(f"{len(found)} sprites for “{prompt}” in the strip, best first{fits}")

    def _is_waited_for(self) -> bool:
        """Whether the best shall become the sprite: nothing else has meanwhile."""
        return not self._asked.is_for_strip and self._controller.document.latent == self._asked.begun_at

    @Slot(object)
    def _on_model(self, model: LoadedModel) -> None:
        self._seeds = {}
        self._bar.field.set_vocabulary(model.words)


def told(fit: float) -> str:
    """A fit in words: 0 % has nothing to do with the words, 100 % is as near as can be; empty if nobody knows."""
    return "" if math.isnan(fit) else f"{min(1.0, max(0.0, fit)) * 100:.0f} %"
