"""A piece of work for the model's thread that nobody has to wait for: done in small steps, between decodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from lunar_studio.session.ports import Explorer

Task = Callable[[Explorer], Iterator[object]]
"""Does the work; what it yields is sent to whoever asked, None being only a place to pause."""


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """Work for the thread that owns the model.

    Attributes:
        topic: Who asked; a newer request of the topic replaces this one, even when it is half done.
        number: Tells its answers from those of others.
        task: The work.
        stop: Set by whoever asked, when it is enough.
    """

    topic: str
    number: int
    task: Task
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> Hashable:
        """A newer request of the same key replaces this one, even when it is half done."""
        return ("task", self.topic)
