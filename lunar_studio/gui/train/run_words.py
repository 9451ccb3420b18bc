"""What the head of a run says of its cost, its last work and its end.

Qt-free.
"""

from __future__ import annotations

from collections.abc import Mapping

from lunar_studio.core.events import EndReason, Forecast, LearningEnded, RunEnded
from lunar_studio.gui.train.durations import duration

SAVING = "Saving what it has learned…"
_STILL_MADE = "Its sliders and scores are still being made…"
_LEARNT: Mapping[EndReason, str] = {
    "finished": "It has learned all it was to learn, and is saved.",
    "stopped": "Stopped, and all it has learned is saved.",
    "time-up": "Its time was up, and all it has learned is saved.",
}
_ENDED: Mapping[EndReason, str] = {
    "finished": "Finished",
    "stopped": "Stopped and saved",
    "time-up": "Its time was up; saved",
}


def forecast_words(told: Forecast, *, fully: bool = False) -> str:
    """What a run will cost: `Forecast: 65 min in all, give or take 10%; worth exploring after 6 min`; or all of it."""
    doubt = f", give or take {told.spread:.0%}" if told.spread else ""
    words = f"Forecast: {duration(told.total_s)} in all{doubt}; worth exploring after {duration(told.usable_s)}"
    if not fully:
        return words
    parts = (
        ("learning", told.learning_s),
        ("previews and saving", told.beside_s),
        ("judge and prior alone", told.alone_s),
        ("finishing the model", told.finish_s),
    )
    listed = "\n".join(f"{title}: {duration(seconds)}" for title, seconds in parts)
    memory = f"memory: {told.memory_bytes / 2**20:,.0f} MB"
    return f"{words}\n{listed}\nonce through your art: {duration(told.epoch_s)}\n{memory}"


def ended_words(event: RunEnded) -> str:
    """How it ended, and how near the forecast was."""
    if event.model_path is None:
        return "Stopped before its first step; nothing was written."
    words = _ENDED[event.reason]
    if event.took_s <= 0:
        return f"{words}."
    compared = f"; the forecast said {duration(event.forecast_s)}" if event.forecast_s > 0 else ""
    return f"{words} after {duration(event.took_s)}{compared}."


def learnt_words(event: LearningEnded) -> str:
    """That nothing can be lost any more, and what is still being done."""
    return f"{_LEARNT[event.reason]} {_STILL_MADE}"
