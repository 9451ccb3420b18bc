"""A forecast of training in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lunar_studio.core.events import Forecast, RunEnded


def text_of(told: Forecast) -> str:
    """The forecast in lines for people."""
    shared = f" in {told.processes} processes" if told.processes > 1 else ""
    doubt = f", give or take {told.spread:.0%}," if told.spread else ""
    lines = [
        (
            f"About {duration(told.total_s)}{doubt} for {told.max_steps - told.first_step:,} steps on {told.device} in "
            f"{told.precision}{shared} ({told.precision_reason})"
        ),
        (
            f"  {told.step_s * 1000:,.0f} ms a step, {duration(told.epoch_s)} to see every sprite once; "
            f"about {told.memory_bytes / 2**20:,.0f} MiB"
        ),
        (
            f"  {duration(told.learning_s)} of steps, {duration(told.beside_s)} of validating and saving, "
            f"{duration(told.alone_s)} in which judge and prior learn alone, {duration(told.finish_s)} to finish"
        ),
        f"  worth exploring after {duration(told.usable_s)}, if stopped then",
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """A time in words: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def compared(ended: RunEnded) -> str:
    """What was forecast beside what it took; empty where nothing was forecast."""
    if not ended.forecast_s:
        return ""
    error = ended.forecast_error
    said = f"{abs(error):.0%} too {'long' if error > 0 else 'short'}"
    return f"It took {duration(ended.took_s)}; the forecast said {duration(ended.forecast_s)}, {said}."
