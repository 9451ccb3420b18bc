"""One leg of a run as every process of it holds it: data, configuration, state, clock and wishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import torch

from lunar_studio.core import config_fields
from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import EndReason, Warned
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import CheckpointError, ConfigError, TrainingError
from lunar_studio.models.words import Vocabulary
from lunar_studio.training import schedules
from lunar_studio.training.checkpoints import Stored
from lunar_studio.training.collapse import CollapseWatch
from lunar_studio.training.device import Plan, choose_plan, set_threads
from lunar_studio.training.lessons import Lessons
from lunar_studio.training.peers import Peers
from lunar_studio.training.shortage import finer, is_shortage
from lunar_studio.training.state import Part, TrainState, new_state
from lunar_studio.training.step import Outcome, training_step

Ask = Callable[[], bool]
PAUSE_POLL_S = 0.05


class Leg:
    """What the parts of a run share.

    Args:
        dataset: What is learned from.
        vocabulary: Words of its captions.
        config: What to do.
        peers: The processes that share the run.
        should_stop: Whether somebody wants it to end.
        should_pause: Whether somebody wants it to rest.
        should_finish: Whether somebody wants it to come to its end early, but well.
        should_leave: Whether somebody wants it to end even where what it learned last cannot be saved.

    Attributes:
        hurries: Whether that was asked for.
        plan: How it computes; after `measure`.
        state: What it changes; after `begin`.
        ended_by: Why it ended before all was learned: somebody stopped it, or its time was up; None while it goes.
        collapsed: Whether the last step found that one expert of the teacher has taken over.

    Raises:
        ConfigError: The parts of the configuration do not fit together, or to so many processes.
        TrainingError: There is nothing to train on.
    """

    plan: Plan
    state: TrainState

    def __init__(
        self,
        dataset: Dataset,
        vocabulary: Vocabulary,
        config: RunConfig,
        peers: Peers,
        should_stop: Ask,
        should_pause: Ask,
        should_finish: Ask = lambda: False,
        should_leave: Ask = lambda: False,
    ) -> None:
        if len(dataset.indices("train")) < 1:
            raise TrainingError("The data set has no sprites to train on.", hint="Add art and build it again.")
        config_fields.validate(config)
        peers.check(config.training.batch_size)
        self.dataset, self.vocabulary, self.config, self.peers = dataset, vocabulary, config, peers
        self.should_stop, self.should_pause, self.should_finish = should_stop, should_pause, should_finish
        self.should_leave = should_leave
        self.hurries = False
        self.ended_by: EndReason | None = None
        self.threads = set_threads(config.training)
        self.lessons = Lessons(dataset, vocabulary, config)
        self._began: float | None = None
        self._rested_s = 0.0
        self._collapse, self.collapsed = CollapseWatch(), False
        self.begun_anew: tuple[Part, ...] = ()

    # ---- before the first step -------------------------------------------------------------------

    def measure(self) -> Iterator[Warned]:
        """Choose precision by measuring steps on throw-away weights; where memory runs out, in smaller parts."""
        while True:
            try:
                self.plan = choose_plan(self.config.training, self._throwaway_step, self.peers)
                return
            except (RuntimeError, MemoryError) as exc:
                yield self.use_less_memory(exc, step=0)

    def _throwaway_step(self, plan: Plan) -> Callable[[], None]:
        if self.is_called_off:
            return lambda: None
        state = new_state(self.config, plan, self.peers)
        batch = self.lessons.batch(0, plan)

        def step() -> None:
            if not self.is_called_off:
                training_step(state, batch, plan)

        return step

    @property
    def is_called_off(self) -> bool:
        """Whether somebody wants it to end before its first step; several processes only end between steps."""
        return self.should_stop() and not self.peers.together

    def settle(self, config: RunConfig) -> None:
        """Take over the first process's configuration, once it knows where the run ends."""
        told = self.peers.tell(msgspec.json.encode(config))
        self.config = msgspec.json.decode(told, type=RunConfig) if self.peers.together else config
        self.lessons = Lessons(self.dataset, self.vocabulary, self.config)

    def begin(self) -> None:
        """Fresh weights; the clock starts with `start_clock`."""
        self.state = new_state(self.config, self.plan, self.peers)

    def fresh(self) -> Stored:
        """Fresh weights as a checkpoint would hold them."""
        self.begin()
        return Stored(self.state.tensors(), self.state.scalars())

    def restore(self, stored: Stored | None) -> None:
        """Take over what the first process read; None in it means fresh weights.

        Raises:
            CheckpointError: It belongs to another configuration.
        """
        shared = _shared(stored, self.peers)
        if shared is None:
            self.begin()
            return
        try:
            self.begun_anew = self.state.restore(shared.tensors, shared.scalars)
        except (KeyError, RuntimeError, ValueError) as exc:
            raise CheckpointError("The checkpoint belongs to another configuration.", hint="Start a new run.") from exc
        self.state.renew_scaler(self.plan.scaler())

    # ---- the steps -------------------------------------------------------------------------------

    def start_clock(self) -> None:
        """From here on the leg's time counts."""
        self._began, self._rested_s = time.perf_counter(), 0.0

    @property
    def worked_s(self) -> float:
        """Seconds since the clock started, without rests; 0 before."""
        return 0.0 if self._began is None else time.perf_counter() - self._began - self._rested_s

    def wishes(self) -> tuple[bool, bool]:
        """Whether the leg is to end, and whether it is to rest; the same answer in every process."""
        minutes = self.config.training.max_minutes
        time_up = minutes > 0 and self.worked_s / 60.0 >= minutes
        stop, over, rest, hurry = self.peers.any(self.should_stop(), time_up, self.should_pause(), self.should_finish())
        self.hurries = self.hurries or hurry
        if (stop or over) and self.ended_by is None:
            self.ended_by = "stopped" if stop else "time-up"
        return stop or over, rest and not (stop or over)

    def shorten(self) -> bool:
        """Go through what is left of the schedule faster, where somebody wants that; whether it is new.

        A run measured in minutes then ends with its steps and not with the clock.
        """
        training, state = self.config.training, self.state
        taken = schedules.shortcut(training, state.step) if self.hurries and state.shortcut is None else None
        if taken is None:
            return False
        training = msgspec.structs.replace(training, max_steps=taken.end, max_minutes=0.0)
        self.config = msgspec.structs.replace(self.config, training=training)
        state.config, state.shortcut = self.config, taken
        return True

    def rest(self, seconds: float = PAUSE_POLL_S) -> None:
        """Wait a moment, which does not count as work; a long one where the machine is busy or was asleep."""
        begun = time.perf_counter()
        time.sleep(seconds)
        self.forgive(time.perf_counter() - begun)

    def forgive(self, seconds: float) -> None:
        """Do not count as work what was in vain."""
        self._rested_s += seconds

    def take_step(self) -> Outcome:
        """The next training step; where one expert of the teacher has taken over, their balance counts more."""
        outcome = training_step(self.state, self.lessons.batch(self.state.step, self.plan), self.plan)
        self.collapsed = self._collapse.saw(outcome.expert_shares)
        if self.collapsed:
            self.state.balance_scale *= 10.0
        return outcome

    def use_less_memory(self, exc: BaseException, *, step: int) -> Warned:
        """Cut batches into smaller parts after memory ran out; what to tell.

        Raises:
            BaseException: `exc` itself, where it says something else.
            TrainingError: Nothing smaller is left, or other processes are in the middle of the step.
        """
        if not is_shortage(exc):
            raise exc
        if self.peers.together:
            raise TrainingError(
                f"Memory ran out in process {self.peers.rank} of the run.",
                hint=f"Start again with --set training.accumulate={self.config.training.accumulate * 2}, or with more "
                "processes; the last checkpoint is whole.",
            ) from exc
        try:
            self.config = finer(self.config)
        except TrainingError as too_small:
            raise too_small from exc
        if hasattr(self, "state"):
            self.state.config = self.config
            self.state.renew_scaler(self.plan.scaler())
            for optimizer in self.state.optimizers.values():
                optimizer.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        batch, parts = self.config.training.batch_size, self.config.training.accumulate
        return Warned(
            step,
            f"Memory ran out. Each batch of {batch} sprites is now learned in {parts} parts, added up: slower, but as "
            "much is learned from it.",
            f"To begin that way, set training.accumulate to {parts}; a smaller batch_size or gradient_checkpointing "
            "saves memory, too.",
        )


def shared_config(config: RunConfig | None, peers: Peers) -> RunConfig:
    """The first process's configuration, in all of them.

    Raises:
        ConfigError: The first process is of another version.
    """
    told = peers.tell(msgspec.json.encode(config) if config is not None else b"")
    try:
        return msgspec.json.decode(told, type=RunConfig)
    except msgspec.DecodeError as exc:
        raise ConfigError(
            "The processes of this run are of different versions.", hint="Install the same version everywhere."
        ) from exc


def shared_vocabulary(vocabulary: Vocabulary | None, peers: Peers) -> Vocabulary:
    """The first process's words, in all of them."""
    if vocabulary is not None and not peers.together:
        return vocabulary
    words = msgspec.json.decode(peers.tell(msgspec.json.encode(vocabulary.words if vocabulary else ())), type=list[str])
    vectors = peers.tell_tensors({"vectors": vocabulary.vectors_VD} if vocabulary else {})
    return Vocabulary(tuple(words), vectors["vectors"])


def _shared(stored: Stored | None, peers: Peers) -> Stored | None:
    if not peers.together:
        return stored
    told = peers.tell(msgspec.json.encode(stored.scalars if stored else {}))
    scalars = msgspec.json.decode(told, type=dict[str, float | int | str])
    tensors = peers.tell_tensors(stored.tensors if stored else {})
    return Stored(tensors, scalars) if scalars else None
