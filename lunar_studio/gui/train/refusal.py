"""What a run that cannot write says: what is in the way, what is not saved yet, and what it waits for.

Qt-free.
"""

from __future__ import annotations

from lunar_studio.core.events import Paused
from lunar_studio.gui.train.durations import duration


def unsaved_words(event: Paused) -> str:
    """What no checkpoint holds yet: `24 steps, 40 s of work`; empty where nothing would be lost."""
    if not event.unsaved_steps:
        return ""
    steps = "1 step" if event.unsaved_steps == 1 else f"{event.unsaved_steps:,} steps"
    return f"{steps}, {duration(event.unsaved_s)} of work"


def banner_words(event: Paused) -> tuple[str, str]:
    """What is in the way or at stake, and what to do about it."""
    reason = f"{event.message} {event.hint}"
    if event.then == "finish":
        return event.message, f"{event.hint} The run rests until then, and comes to its good end by itself."
    if event.then == "go-on":
        return event.message, f"{event.hint} The run rests until then, and goes on by itself."
    if unsaved := unsaved_words(event):
        return (
            f"The disk refuses: {unsaved}, would be lost if the run ended now.",
            f"{reason} Then it saves and ends by itself; “End without saving” gives them up.",
        )
    return (
        "All it has learned is saved, but the disk refuses the model file.",
        f"{reason} Then it ends by itself; “End without the file” does not wait for it.",
    )


def status_words(event: Paused) -> str:
    """The same in a line."""
    if event.then != "end":
        return f"Resting: {event.message} {event.hint}"
    unsaved = unsaved_words(event)
    what = f"{unsaved}, not saved yet" if unsaved else "all it has learned is saved, the model file is not"
    return f"Waiting for the disk: {what}. Tries again every {event.retry_s:.0f} s."


def closing_words(event: Paused) -> tuple[str, str]:
    """Head and text of the sheet that asks before the window closes, once the run was asked to save."""
    reason = f"{event.message} {event.hint}"
    if unsaved := unsaved_words(event):
        lost = "Closing without saving loses what was learned since the last checkpoint; the rest is safe."
        return f"Not saved yet: {unsaved}", f"{reason} Then the run saves, and the window closes by itself. {lost}"
    file = "Only the model file that Explore opens cannot be written; without it the run can still go on next time."
    return "All it has learned is saved", f"{file} {reason} Then the window closes by itself."
