"""Decoding, scoring and sampling in one thread, so that a model is only ever used by one.

A slider's newest position always goes next; between two decodes one step of the other requests is done.
A grid of 64 sprites is 64 such steps, so it neither holds up the slider nor starves behind it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal

from lunar_studio.core.events import Decoded, Sampled
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.neighbours import UNKNOWN_ART, Compared, Neighbours
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Explorer, ExplorerLoader, KnowsItsArt, KnowsWords, PinFollower
from lunar_studio.workers.freed_memory import give_back
from lunar_studio.workers.mailbox import Mailbox
from lunar_studio.workers.task_request import TaskRequest
from lunar_studio.workers.thread_host import Worker

# Without work for so long, what earlier work has left is given back: nobody is waiting then.
_REST_S = 2.0


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What the window needs of a model that has just been opened.

    Attributes:
        info: Facts about it.
        directions: Its sliders, in the order they are shown.
        words: The words it knows, most frequent first.
    """

    info: ModelInfo
    directions: tuple[Direction, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """Random latents from the prior."""

    seed: int
    prompt: str
    count: int
    temperature: float

    @property
    def key(self) -> Hashable:
        """A newer request of the same key replaces this one while it waits."""
        return ("sample", self.count)


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """Many sprites at once: of given latents, or of random ones when `sample` is given.

    Attributes:
        topic: Who asks.
        latents: What to draw.
        sample: What to draw, if it is random.
        another: Gives what stands in for a given latent that nobody could see; None leaves it.
    """

    topic: str
    latents: tuple[Latent, ...]
    sample: SampleRequest | None
    another: Callable[[int, int], Latent] | None = None

    @property
    def key(self) -> Hashable:
        """A newer request of the same key replaces this one, even when it is half done."""
        return ("draw", self.topic)


@dataclass(frozen=True, slots=True)
class FollowRequest:
    """A latent whose decoding has the pinned pixels of its own.

    Attributes:
        number: Tells its answers from those of others.
        latent: Where to begin.
        pins: What is wanted.
        stop: Set by whoever asked, when it is enough.
    """

    number: int
    latent: Latent
    pins: Overlay
    stop: threading.Event

    @property
    def key(self) -> Hashable:
        """A newer request of the same key replaces this one, even when it is half done."""
        return "follow"


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What the training art holds that is like some sprites."""

    topic: str
    sprites: tuple[Sprite, ...]

    @property
    def key(self) -> Hashable:
        """A newer request of the same key replaces this one, even when it is half done."""
        return ("compare", self.topic)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Many latents became sprites, and the teacher scored them.

    Attributes:
        topic: Who asked, e.g. `export`.
        latents: In the order asked for; others in place of those that nobody could see.
        sprites: One for each latent.
        scores: One for each latent.
    """

    topic: str
    latents: tuple[Latent, ...]
    sprites: tuple[Sprite, ...]
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class _Last:
    """What was drawn last, and how long that took."""

    latent: Latent
    sprite: Sprite
    took_ms: float


Request = SampleRequest | DrawRequest | FollowRequest | CompareRequest | TaskRequest


class ExploreWorker(Worker):
    """Serves requests with the loaded model until asked to stop.

    Attributes:
        loaded: Emitted with a `LoadedModel`.
        load_failed: Emitted with a `Failure`; the model before stays in use.
        decoded: Emitted with a `Decoded`.
        sampled: Emitted with a `Sampled`.
        drawn: Emitted with a `Drawn`.
        compared: Emitted with a `Compared`.
        followed: Emitted with the number of a request and a `Followed`.
        follow_ended: Emitted with the number of a request after its last `followed`, whatever ended it.
        answered: Emitted with the number of a `TaskRequest` and an answer of its.
        task_ended: Emitted with the number of a `TaskRequest` after its last answer, whatever ended it.
    """

    loaded = Signal(object)
    load_failed = Signal(object)
    decoded = Signal(object)
    sampled = Signal(object)
    drawn = Signal(object)
    compared = Signal(object)
    followed = Signal(int, object)
    follow_ended = Signal(int)
    answered = Signal(int, object)
    task_ended = Signal(int)

    def __init__(self, loader: ExplorerLoader, follower: PinFollower | None = None) -> None:
        super().__init__("exploring")
        self._loader = loader
        self._follower = follower
        self._explorer: Explorer | None = None
        self._condition = threading.Condition()
        self._loads: Mailbox[Path | None] = Mailbox(self._condition)
        self._decodes: Mailbox[tuple[Latent, Overlay]] = Mailbox(self._condition)
        self._last: _Last | None = None
        self._requests: OrderedDict[Hashable, Request] = OrderedDict()
        self._underway: OrderedDict[Hashable, Iterator[None]] = OrderedDict()

    # ---- any thread ------------------------------------------------------------------------------

    def post_load(self, path: Path | None) -> None:
        """Open another model next; what waits was meant for the one before and is dropped."""
        with self._condition:
            self._requests.clear()
            self._decodes.clear()
            self._loads.post(path)

    def post_decode(self, latent: Latent, edits: Overlay = NOTHING) -> int:
        """Decode `latent` next, lay `edits` over it and score that; returns the generation."""
        return self._decodes.post((latent, edits))

    def post(self, request: Request) -> None:
        """Serve `request` in turn, in the place of an older one of the same key."""
        with self._condition:
            self._requests[request.key] = request
            self._condition.notify_all()

    def ask_stop(self) -> None:
        """Ask for the end, and wake the thread to hear it."""
        with self._condition:
            super().ask_stop()
            self._condition.notify_all()

    # ---- the worker's thread ---------------------------------------------------------------------

    def work(self) -> None:
        """Serve until asked to stop."""
        while self._wait_for_work():
            if (load := self._loads.take()) is not None:
                self.guard(partial(self._load, load[1]), failed=self.load_failed)
            if (decode := self._decodes.take()) is not None:
                self.guard(partial(self._decode, decode[0], *decode[1]))
            self._begin_requests()
            self._step_request()
        # What is half done tells its end here: when the interpreter ends, there is nobody left to tell, and Qt crashes.
        self._underway.clear()
        self._explorer = None

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when it is time to stop."""
        with self._condition:
            has_rested = not self._condition.wait_for(self._has_work, _REST_S)
        if has_rested:
            give_back()
            with self._condition:
                self._condition.wait_for(self._has_work)
        return not self.should_stop()

    def _has_work(self) -> bool:
        return bool(
            self.should_stop() or self._underway or self._requests or self._decodes.is_waiting or self._loads.is_waiting
        )

    def _load(self, path: Path | None) -> None:
        explorer = self._loader(path)
        self._explorer = explorer
        self._last = None
        self._underway.clear()
        words = explorer.words if isinstance(explorer, KnowsWords) else ()
        self.loaded.emit(LoadedModel(explorer.info, explorer.directions, words))

    def _decode(self, generation: int, latent: Latent, edits: Overlay) -> None:
        explorer = self._explorer
        # A latent of another length was posted before a switch of models: nobody waits for it.
        if explorer is None or len(latent) != explorer.info.latent_dim:
            return
        drawn = self._drawn(explorer, latent)
        begun_s = time.perf_counter()
        sprite = edits.over(drawn.sprite)
        score = explorer.score(sprite)
        elapsed_ms = drawn.took_ms + (time.perf_counter() - begun_s) * 1000
        self.decoded.emit(Decoded(generation, latent, sprite, score, elapsed_ms, drawn.sprite, edits))

    def _drawn(self, explorer: Explorer, latent: Latent) -> _Last:
        """What a latent decodes to: drawn, or known where it was drawn last.

        A stroke of the pencil changes the painted pixels only, and of a roll it was asked whether there is anything to
        see before it is shown.
        """
        if self._last is None or self._last.latent is not latent:
            begun_s = time.perf_counter()
            sprite = explorer.decode(latent)
            self._last = _Last(latent, sprite, (time.perf_counter() - begun_s) * 1000)
        return self._last

    def _begin_requests(self) -> None:
        with self._condition:
            requests = list(self._requests.values())
            self._requests.clear()
        if self._explorer is None:
            return
        for request in requests:
            self._underway[request.key] = self._serve(self._explorer, request)

    def _step_request(self) -> None:
        """One step of the request that has waited longest; then it goes to the back."""
        if not self._underway:
            return
        key, steps = self._underway.popitem(last=False)

        def step() -> None:
            for _ in steps:
                self._underway[key] = steps
                return

        self.guard(step)

    def _serve(self, explorer: Explorer, request: Request) -> Iterator[None]:
        match request:
            case SampleRequest():
                self._sample(explorer, request)
            case DrawRequest():
                yield from self._draw(explorer, request)
            case FollowRequest():
                yield from self._follow(explorer, request)
            case TaskRequest():
                yield from self._do_task(explorer, request)
            case CompareRequest():
                yield from self._compare(explorer, request)

    def _sample(self, explorer: Explorer, request: SampleRequest) -> None:
        from lunar_studio.explore.inventing import sampled_again, unless_empty

        seed, prompt, temperature = request.seed, request.prompt, request.temperature
        another = sampled_again(explorer, seed, prompt, temperature)
        draw = partial(self._drawn, explorer)
        latents = [
            unless_empty(lambda found: draw(found).sprite, another, place, latent, draw(latent).sprite)[0]
            for place, latent in enumerate(
                explorer.sample(request.count, seed=seed, prompt=prompt, temperature=temperature)
            )
        ]
        self.sampled.emit(Sampled(seed, prompt, tuple(latents)))

    def _compare(self, explorer: Explorer, request: CompareRequest) -> Iterator[None]:
        found: list[Neighbours] = []
        for sprite in request.sprites:
            found.append(explorer.likeness(sprite) if isinstance(explorer, KnowsItsArt) else UNKNOWN_ART)
            yield
        self.compared.emit(Compared(request.topic, request.sprites, tuple(found)))

    def _draw(self, explorer: Explorer, request: DrawRequest) -> Iterator[None]:
        from lunar_studio.explore.inventing import sampled_again, unless_empty

        wanted, another = request.latents, request.another
        if (sample := request.sample) is not None:
            wanted = explorer.sample(
                sample.count, seed=sample.seed, prompt=sample.prompt, temperature=sample.temperature
            )
            another = sampled_again(explorer, sample.seed, sample.prompt, sample.temperature)
            yield
        latents: list[Latent] = []
        sprites: list[Sprite] = []
        scores: list[Score] = []
        for place, latent in enumerate(wanted):
            pair = latent, explorer.decode(latent)
            if another is not None:
                pair = unless_empty(explorer.decode, another, place, *pair)
            latents.append(pair[0])
            sprites.append(pair[1])
            scores.append(explorer.score(pair[1]))
            yield
        self.drawn.emit(Drawn(request.topic, tuple(latents), tuple(sprites), tuple(scores)))

    def _follow(self, explorer: Explorer, request: FollowRequest) -> Iterator[None]:
        try:
            if self._follower is not None and len(request.latent) == explorer.info.latent_dim:
                should_stop = _either(request.stop.is_set, self.should_stop)
                for found in self._follower(explorer, request.latent, request.pins, should_stop=should_stop):
                    if should_stop():
                        break
                    self.followed.emit(request.number, found)
                    yield
        finally:
            self.follow_ended.emit(request.number)

    def _do_task(self, explorer: Explorer, request: TaskRequest) -> Iterator[None]:
        try:
            for answer in request.task(explorer):
                if self.should_stop():
                    break
                if answer is not None:
                    self.answered.emit(request.number, answer)
                if request.stop.is_set():
                    break
                yield
        finally:
            self.task_ended.emit(request.number)


def _either(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: first() or second()
