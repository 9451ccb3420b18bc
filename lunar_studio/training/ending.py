"""What comes after the last shared step: judge and prior learn alone, then the model is put together.

In a run of several processes the first does this by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator

from lunar_studio.core.events import EndReason, LearningEnded, PhaseStarted, TrainEvent
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.paths import is_taken
from lunar_studio.training.alone import Alone, PriorAlone, TeacherAlone
from lunar_studio.training.device import every_thread
from lunar_studio.training.finish import card_of, finish, model_name
from lunar_studio.training.keeping import Keeper
from lunar_studio.training.leg import Leg
from lunar_studio.training.reporting import Reporter

_REPORT_EVERY, _TOLD = 25, 20
# Where somebody wants the model soon: the rate falls as planned, over a quarter of the steps.
_HURRY_STRIDE = 4


class Ending:
    """The last parts of a leg.

    Args:
        leg: Whose they are.
        keeper: Writes.
        reporter: Has the last figures, for the model's card.

    Attributes:
        done: Whether every part has learned to its end.
    """

    def __init__(self, leg: Leg, keeper: Keeper, reporter: Reporter) -> None:
        self.leg, self.keeper, self.reporter = leg, keeper, reporter
        self.done = False

    def learn_alone(self) -> Iterator[TrainEvent]:
        """The parts that learn when the VAE is done, one after the other."""
        leg = self.leg
        training = leg.config.training
        if leg.state.step < training.max_steps:
            return
        if training.teacher_mode == "after":
            yield from self._learn(TeacherAlone(leg.state, leg.lessons, leg.plan))
            if leg.wishes()[0]:
                return
        yield from self._learn(PriorAlone(leg.state, leg.dataset, leg.vocabulary, leg.plan))
        self.done = leg.state.alone.get("prior", 0) >= round(leg.config.prior.finish_share * training.max_steps)

    def _make_ready(self, lesson: Alone) -> Generator[TrainEvent, None, bool]:
        """Whether the lesson can begin; not where somebody wants the run to end."""
        leg, told = self.leg, 0
        for share in lesson.prepare():
            while (wish := leg.wishes())[1]:
                leg.rest()
            if wish[0]:
                return False
            if int(share * _TOLD) > told:
                told = int(share * _TOLD)
                yield PhaseStarted(leg.state.step, f"{lesson.title}, making ready {share:.0%}")
        return True

    def _learn(self, lesson: Alone) -> Iterator[TrainEvent]:
        leg, state = self.leg, self.leg.state
        if state.alone.get(lesson.part, 0) >= lesson.steps or not (yield from self._make_ready(lesson)):
            return
        recent: deque[float] = deque(maxlen=_REPORT_EVERY)
        while (index := state.alone.get(lesson.part, 0)) < lesson.steps:
            end, rest = leg.wishes()
            if end:
                return
            if rest:
                leg.rest()
                continue
            recent.append(lesson.step(index))
            done = min(lesson.steps, index + (_HURRY_STRIDE if leg.hurries else 1))
            state.alone[lesson.part] = done
            if done // _REPORT_EVERY > index // _REPORT_EVERY or done == lesson.steps:
                loss = sum(recent) / len(recent)
                yield from self.keeper.log_alone(lesson.part, done, loss)
                share = done / lesson.steps
                yield PhaseStarted(state.step, f"{lesson.title}: {share:.0%}, loss {loss:.3f}")
            if self.keeper.is_due():
                yield from self.keeper.checkpoint()

    @property
    def reason(self) -> EndReason:
        """Why no step is taken any more."""
        return "finished" if self.done else self.leg.ended_by or "stopped"

    def finish(self, *, quick: bool) -> Iterator[TrainEvent]:
        """Find directions and write the model; of a run that is not done something is kept first, to explore meanwhile.

        Args:
            quick: Look at fewer sprites, as somebody waits.
        """
        leg, folder = self.leg, self.keeper.folder
        yield LearningEnded(leg.state.step, self.reason)
        if not self.done:
            yield from self.keeper.milestone(now=True)
        yield PhaseStarted(leg.state.step, "Finding directions for the sliders")
        card = card_of(leg.dataset, leg.state, self.reporter.figures)
        if is_taken(folder.start_path):
            card["fine_tuned_from"] = load_model(folder.start_path)[0].name
        name = model_name(leg.dataset, folder.path)
        with every_thread():
            bundle = finish(leg.state, leg.dataset, leg.vocabulary, name, card, quick=quick)
        yield from self.keeper.persist(lambda: save_model(bundle, folder.model_path))
