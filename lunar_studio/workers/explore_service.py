"""The GUI's side of exploring: requests go in, signals come out, all in the GUI thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Decoded, Failure, Followed, Sampled
from lunar_studio.core.latent import Latent
from lunar_studio.core.neighbours import Compared
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Critic, ExplorerLoader, PinFollower, SpriteRefiner
from lunar_studio.workers.explore_worker import (
    CompareRequest,
    Drawn,
    DrawRequest,
    ExploreWorker,
    FollowRequest,
    LoadedModel,
    SampleRequest,
)
from lunar_studio.workers.task_request import Task, TaskRequest
from lunar_studio.workers.thread_host import Crash, ThreadHost

__all__ = ["Drawn", "ExploreService", "LoadedModel"]


_HAND_OVER_S = 0.00005


class ExploreService(QObject):
    """Loads models and plays with them in a thread of its own, started with the service.

    Requests made before a model is loaded are dropped without an answer.

    Args:
        host: Runs and ends the thread.
        loader: Opens a model file; called in the worker's thread.
        parent: The QObject that owns this one.
        follower: Makes the rest of a sprite follow pinned pixels; without one, `request_follow` ends at once.
        critic: Says what costs a sprite its score, for whoever asks (see `CriticService`); None says nothing.
        refiner: Comes nearer to an artist's own sprite (see `RefineService`); without one the encoder's answer stands.

    Attributes:
        loading: Emitted when a model begins to be opened.
        loaded: Emitted with a `LoadedModel`.
        load_failed: Emitted with a `Failure`; the model before stays in use.
        decoded: Emitted with a `Decoded`: the newest latent only, generations increase.
        sampled: Emitted with a `Sampled`.
        drawn: Emitted with a `Drawn`: many sprites for one topic.
        compared: Emitted with a `Compared`: what the training art holds that is like some sprites.
        followed: Emitted with a number and a `Followed`, while the rest of a sprite follows its pinned pixels.
        follow_ended: Emitted with that number when it is over.
        answered: Emitted with the number of a task and what it has found.
        task_ended: Emitted with the number of a task when it is over.
        failed: Emitted with a `Failure` of any request.
    """

    loading = Signal()
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
    failed = Signal(object)

    def __init__(
        self,
        host: ThreadHost,
        loader: ExplorerLoader,
        parent: QObject | None = None,
        *,
        follower: PinFollower | None = None,
        critic: Critic | None = None,
        refiner: SpriteRefiner | None = None,
    ) -> None:
        super().__init__(parent)
        self.critic = critic
        self.refiner = refiner
        self._is_loading = False
        self._model: LoadedModel | None = None
        self._latest: Decoded | None = None
        self._follows = 0
        self._stop_following = threading.Event()
        self._tasks = 0
        self._worker = ExploreWorker(loader, follower)
        self._worker.loaded.connect(self._on_loaded)
        self._worker.load_failed.connect(self._on_load_failed)
        self._worker.decoded.connect(self._on_decoded)
        self._worker.sampled.connect(self._on_sampled)
        self._worker.drawn.connect(self._on_drawn)
        self._worker.compared.connect(self._on_compared)
        self._worker.followed.connect(self._on_followed)
        self._worker.follow_ended.connect(self._on_follow_ended)
        self._worker.answered.connect(self._on_answered)
        self._worker.task_ended.connect(self._on_task_ended)
        self._worker.failed.connect(self._on_failed)
        self._worker.crashed.connect(self._on_crashed)
        host.start(self._worker)

    @property
    def model(self) -> LoadedModel | None:
        """The model that was loaded last."""
        return self._model

    @property
    def latest(self) -> Decoded | None:
        """What the open model drew last of what was asked to be decoded, for whoever comes after it was told."""
        return self._latest

    def load(self, path: Path | None) -> None:
        """Open the model at `path`, or the bundled one for None; `loaded` or `load_failed` answers."""
        self._is_loading = True
        self.loading.emit()
        self._worker.post_load(path)

    def request_decode(self, latent: Latent, edits: Overlay = NOTHING) -> int:
        """Decode `latent`, lay `edits` over it, score that; a newer request replaces an older one not yet begun.

        Returns:
            The generation that `decoded` will carry.
        """
        generation = self._worker.post_decode(latent, edits)
        # The worker wakes on the caller's core, with the caller's hold on the interpreter, and would often wait until
        # the caller has nothing left to do. Whoever rests for a moment finds the other core afterwards.
        time.sleep(_HAND_OVER_S)
        return generation

    def request_sample(self, *, seed: int, prompt: str = "", count: int = 1, temperature: float = 1.0) -> None:
        """Ask the prior for `count` latents; a newer request of the same count replaces a waiting one."""
        self._worker.post(SampleRequest(seed, prompt, count, temperature))

    def request_draw(
        self, latents: Sequence[Latent], *, topic: str, another: Callable[[int, int], Latent] | None = None
    ) -> None:
        """Decode and score many latents without holding up the slider; a newer request of the topic replaces it.

        Args:
            latents: What to draw.
            topic: Who asks.
            another: Gives what to draw in place of one that nobody could see (`explore.inventing.Another`); called in
                the worker's thread. None leaves them empty.
        """
        self._worker.post(DrawRequest(topic, tuple(latents), None, another))

    def request_random_draw(self, *, topic: str, seed: int, count: int, prompt: str = "") -> None:
        """Like `request_draw`, for `count` latents from the prior."""
        self._worker.post(DrawRequest(topic, (), SampleRequest(seed, prompt, count, 1.0)))

    def request_compare(self, sprites: Sequence[Sprite], *, topic: str) -> None:
        """Ask what the training art holds that is like some sprites; one at a time, so that no decode waits long.

        A newer request of the topic replaces an older one, even one half done.
        """
        self._worker.post(CompareRequest(topic, tuple(sprites)))

    def request_follow(self, latent: Latent, pins: Overlay) -> int:
        """Look for a latent near `latent` whose decoding has the pinned pixels of its own; ends what is under way.

        Returns:
            The number that `followed` and, at the end, `follow_ended` will carry.
        """
        self.stop_following()
        self._follows += 1
        self._stop_following = threading.Event()
        self._worker.post(FollowRequest(self._follows, latent, pins, self._stop_following))
        return self._follows

    def stop_following(self) -> None:
        """It is enough: `follow_ended` comes soon, and nothing before it."""
        self._stop_following.set()

    def request_task(self, topic: str, task: Task, stop: threading.Event | None = None) -> int:
        """Have work done in the model's thread, step by step between decodes; a newer task of the topic replaces it.

        Args:
            topic: Who asks.
            task: The work; it may keep the explorer that it is given no longer than it runs.
            stop: When set, the work ends after its next step.

        Returns:
            The number that `answered` and, at the end, `task_ended` will carry.
        """
        self._tasks += 1
        self._worker.post(TaskRequest(topic, self._tasks, task, stop or threading.Event()))
        return self._tasks

    @Slot(object)
    def _on_loaded(self, model: LoadedModel) -> None:
        self._is_loading = False
        self._model = model
        self._latest = None
        self.loaded.emit(model)

    @Slot(object)
    def _on_load_failed(self, failure: Failure) -> None:
        self._is_loading = False
        self.load_failed.emit(failure)

    @Slot(object)
    def _on_decoded(self, event: Decoded) -> None:
        self._latest = event
        self.decoded.emit(event)

    @Slot(object)
    def _on_sampled(self, event: Sampled) -> None:
        self.sampled.emit(event)

    @Slot(object)
    def _on_drawn(self, event: Drawn) -> None:
        self.drawn.emit(event)

    @Slot(object)
    def _on_compared(self, event: Compared) -> None:
        self.compared.emit(event)

    @Slot(int, object)
    def _on_followed(self, number: int, event: Followed) -> None:
        self.followed.emit(number, event)

    @Slot(int)
    def _on_follow_ended(self, number: int) -> None:
        self.follow_ended.emit(number)

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        self.answered.emit(number, answer)

    @Slot(int)
    def _on_task_ended(self, number: int) -> None:
        self.task_ended.emit(number)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        # The host shows the crash; whoever waits for an answer must hear that none will come.
        if self._is_loading:
            self._is_loading = False
            self.load_failed.emit(crash.as_failure())
        else:
            self.failed.emit(crash.as_failure())
