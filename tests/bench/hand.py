"""A hand on the sliders of the real window, and a watch on its event loop, for `tests.bench.window`."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer, Slot

from lunar_studio.app import Studio
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.explore.teacher_panel import ScoreMeter
from tests.bench.figures import Spread

STREAM_MS = 4
GAP_TICK_MS = 5
MOVES_OF_ONE_SLIDER = 40
_STRIDE = 7  # hundredths of a standard deviation a move: a drag across the groove in two seconds


class Wait:
    """Runs the event loop until something has happened."""

    def __init__(self) -> None:
        self._loop = QEventLoop()

    def until(self, signal: object, limit_ms: int) -> None:
        """Run until `signal` is emitted.

        Raises:
            TimeoutError: It was not, within the limit.
        """
        late: list[bool] = []
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(lambda: late.append(True))
        timer.timeout.connect(self._loop.quit)
        timer.start(limit_ms)
        signal.connect(self._loop.quit)  # type: ignore[attr-defined]
        self._loop.exec()
        signal.disconnect(self._loop.quit)  # type: ignore[attr-defined]
        timer.stop()
        if late:
            raise TimeoutError(f"nothing came within {limit_ms} ms")

    def for_ms(self, duration_ms: int) -> None:
        """Run for a time."""
        QTimer.singleShot(duration_ms, self._loop.quit)
        self._loop.exec()


class Hand(QObject):
    """Moves real sliders one after another and notes when each move is on the screen.

    Every move changes the document's latent, so every move is one generation; a frame of generation g shows all
    moves up to g. A frame has ended when the event loop turns again after `presented`: the canvas and the meter
    are painted in one pass and flushed to the screen together.

    Args:
        studio: Its window shows a sprite.
        generation: Of the sprite it shows.
    """

    def __init__(self, studio: Studio, generation: int) -> None:
        super().__init__()
        self._studio = studio
        self._page = studio.window.explore
        self._shown = generation
        self._painting = generation
        self._meter_painted = False
        self._meter_right = False
        self._moved_at: dict[int, tuple[float, str]] = {}
        self._number = 0
        self._frames = 0
        self._frames_with_meter = 0
        self._last_picture_ms: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._move)
        self._loop = QEventLoop()
        self._left = 0
        self._times_ms: list[float] = []
        self._times_of_ms: dict[str, list[float]] = {}
        self._asked = generation
        sliders = [s for s in self._page.latents.sliders if s.direction.group in ("shape", "colour")]
        self._sliders: list[LatentSlider] = sliders or list(self._page.latents.sliders)
        self._page.presented.connect(self._on_presented)
        self._page.teacher.meter.installEventFilter(self)

    def move(self, count: int, interval_ms: int) -> tuple[Spread, int]:
        """Make moves at a pace; returns the times from each move to its frame, and how many frames were shown."""
        self._times_ms, self._frames, self._frames_with_meter = [], 0, 0
        self._times_of_ms = {}
        self._left = count
        self._timer.start(interval_ms)
        self._loop.exec()
        return Spread.of(self._times_ms), self._frames

    def burst(self, count: int, bursts: int) -> tuple[Spread, int]:
        """Stream moves; returns the times from the last move of each burst to its frame, and frames in all."""
        last: list[float] = []
        frames = 0
        for _ in range(bursts):
            _, shown = self.move(count, STREAM_MS)
            last.append(self._times_ms[-1])
            frames += shown
        return Spread.of(last), frames

    @property
    def by_group(self) -> dict[str, Spread]:
        """The times of the last `move` again, for each group of sliders that was moved."""
        return {group: Spread.of(times_ms) for group, times_ms in self._times_of_ms.items()}

    @property
    def meter_share(self) -> float:
        """Share of the frames of the last `move` in which the meter was painted with the score of the picture."""
        return self._frames_with_meter / max(1, self._frames)

    def let_go(self) -> None:
        """Stop watching."""
        self._page.presented.disconnect(self._on_presented)
        self._page.teacher.meter.removeEventFilter(self)

    @Slot()
    def _move(self) -> None:
        if self._left == 0:
            return
        self._left -= 1
        turn, place = divmod(self._number, MOVES_OF_ONE_SLIDER)
        self._number += 1
        slider = self._sliders[turn % len(self._sliders)]
        if place == 0:
            self._studio.controller.end_move()
        value = slider.value() + (_STRIDE if turn % 2 == 0 else -_STRIDE)
        if abs(value) >= slider.maximum():
            value = 0
        self._asked += 1
        self._moved_at[self._asked] = (time.perf_counter(), slider.direction.group)
        slider.setValue(value)

    @Slot(int)
    def _on_presented(self, generation: int) -> None:
        self._painting = generation
        self._meter_right = self._meter_tells(generation)
        QTimer.singleShot(0, self._on_frame_ended)

    @Slot()
    def _on_frame_ended(self) -> None:
        if self._painting <= self._shown:
            return
        now_s = time.perf_counter()
        self._shown = self._painting
        self._frames += 1
        self._frames_with_meter += self._meter_painted and self._meter_right
        self._meter_painted = False
        for generation in [key for key in self._moved_at if key <= self._shown]:
            moved_at_s, group = self._moved_at.pop(generation)
            took_ms = (now_s - moved_at_s) * 1000
            self._times_ms.append(took_ms)
            self._times_of_ms.setdefault(group, []).append(took_ms)
        if self._left == 0 and not self._moved_at:
            self._timer.stop()
            self._loop.quit()

    def _meter_tells(self, generation: int) -> bool:
        """Whether it has been given the score of the picture that is being painted."""
        current = self._studio.controller.current
        meter: ScoreMeter = self._page.teacher.meter
        if current is None or current.generation != generation:
            return False
        return meter.text == ("--" if not current.score.experts else str(round(current.score.value)))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """See the meter being painted."""
        if event.type() == QEvent.Type.Paint:
            self._meter_painted = True
        return False


class GapWatch(QObject):
    """Times between turns of the event loop that a timer of 5 ms sees."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps_ms: list[float] = []
        self._last_s = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin."""
        self.gaps_ms = []
        self._last_s = time.perf_counter()
        self._timer.start(GAP_TICK_MS)

    def stop(self) -> Spread:
        """End, and tell."""
        self._timer.stop()
        return Spread.of(self.gaps_ms)

    @Slot()
    def _tick(self) -> None:
        now_s = time.perf_counter()
        self.gaps_ms.append((now_s - self._last_s) * 1000)
        self._last_s = now_s
