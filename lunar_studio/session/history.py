"""The session: the document, its history, and those who want to know when it changes.

Undo and redo have no limit. A step keeps its command and its inverse, not a copy of the document;
with a latent of 1,992 numbers that is at most about 12 KB, so ten thousand steps cost 120 MB. A drag is
one step: calls of `do` with the same `merge` key become one until `end_merge()`.

Qt-free and for one thread: the window's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lunar_studio.session.commands import Command, apply, joined
from lunar_studio.session.document import Document

Callback = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history list.

    Attributes:
        title: What was done, in the artist's words.
        at: When it was last done, ISO 8601 in UTC, to the second.
    """

    title: str
    at: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the history.

    Attributes:
        entry: Its line in the list.
        merge: Key of the drag that made it.
        undo: Applied in order, these lead back; one but for merged commands of different kinds.
        redo: Applied in order, these lead forward again; filled when the step is undone.
    """

    entry: Entry
    merge: str | None
    undo: tuple[Command, ...]
    redo: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at one moment: all that it takes to go on with it elsewhere, or tomorrow.

    Attributes:
        document: The document.
        steps: The history, oldest first; steps from `position` on are undone.
        position: How many steps are done.
    """

    document: Document
    steps: tuple[Step, ...] = ()
    position: int = 0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Session:
    """The one place where the document changes.

    Args:
        document: Where to begin.
        now: The clock; tests stand another in its place.
    """

    def __init__(self, document: Document | None = None, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._document = Document() if document is None else document
        self._now = now
        self._steps: list[Step] = []
        self._position = 0
        self._merging = False
        self._callbacks: list[Callback] = []

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._document

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step to do again."""
        return self._position < len(self._steps)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every step, oldest first; those from `position` on are undone."""
        return tuple(step.entry for step in self._steps)

    @property
    def position(self) -> int:
        """How many steps are done: 0 is the beginning, `len(entries)` the newest state."""
        return self._position

    @property
    def undo_title(self) -> str:
        """What undo would take back; empty if nothing."""
        return self._steps[self._position - 1].entry.title if self.can_undo else ""

    @property
    def redo_title(self) -> str:
        """What redo would do again; empty if nothing."""
        return self._steps[self._position].entry.title if self.can_redo else ""

    def do(self, command: Command, *, merge: str | None = None) -> None:
        """Do a command, forget the undone ones, and tell every subscriber.

        A command that changes nothing leaves no step, and undone steps stay.

        Args:
            command: What to do.
            merge: Key of a drag; consecutive commands with the same key are one step.

        Raises:
            ValueError: The command cannot be meant (`commands.apply`); nothing has changed.
        """
        changed, inverse = apply(self._document, command)
        if changed == self._document:
            return
        del self._steps[self._position :]
        entry = Entry(command.title, self._now().isoformat(timespec="seconds"))
        last = self._steps[-1] if self._steps else None
        if self._merging and merge is not None and last is not None and last.merge == merge:
            both = joined(inverse, last.undo[0])
            undo = (inverse, *last.undo) if both is None else (both, *last.undo[1:])
            self._steps[-1] = replace(last, entry=entry, undo=undo)
        else:
            self._steps.append(Step(entry, merge, (inverse,)))
        self._merging = merge is not None
        self._position = len(self._steps)
        self._set(changed)

    def end_merge(self) -> None:
        """Close a drag: the next command begins a new step, whatever its key."""
        self._merging = False

    def undo(self) -> None:
        """Take the last step back; nothing happens at the beginning."""
        self.go_to(self._position - 1 if self.can_undo else 0)

    def redo(self) -> None:
        """Do the next undone step again; nothing happens at the end."""
        self.go_to(self._position + 1 if self.can_redo else self._position)

    def go_to(self, position: int) -> None:
        """Undo or redo until `position` steps are done, and tell every subscriber once.

        Raises:
            ValueError: There is no such position.
        """
        if not 0 <= position <= len(self._steps):
            raise ValueError(f"there is no position {position} in a history of {len(self._steps)} steps")
        self._merging = False
        if position == self._position:
            return
        document = self._document
        while self._position > position:
            self._position -= 1
            step = self._steps[self._position]
            document, redo = _apply_all(document, step.undo)
            self._steps[self._position] = replace(step, redo=redo)
        while self._position < position:
            step = self._steps[self._position]
            document, undo = _apply_all(document, step.redo)
            self._steps[self._position] = replace(step, undo=undo)
            self._position += 1
        self._set(document)

    def start(self, document: Document) -> None:
        """Begin anew with another document and an empty history, e.g. after opening a model."""
        self._steps.clear()
        self._position = 0
        self._merging = False
        self._set(document)

    def snapshot(self) -> Snapshot:
        """Everything, as it is now; it shares what it can with the session and never changes."""
        return Snapshot(self._document, tuple(self._steps), self._position)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, and tell every subscriber once.

        Raises:
            ValueError: Its history does not lead to its document (`check`).
        """
        check(snapshot)
        self._steps = list(snapshot.steps)
        self._position = snapshot.position
        self._merging = False
        self._set(snapshot.document)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Have `callback(document)` called after every change; returns what ends that."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def _set(self, document: Document) -> None:
        self._document = document
        # A copy, as a callback may unsubscribe; the newest document, as a callback may do a command.
        for callback in tuple(self._callbacks):
            callback(self._document)


def _apply_all(document: Document, commands: tuple[Command, ...]) -> tuple[Document, tuple[Command, ...]]:
    """The document after all commands in turn, and the inverses in the order that leads back."""
    inverses: list[Command] = []
    for command in commands:
        document, inverse = apply(document, command)
        inverses.append(inverse)
    return document, tuple(reversed(inverses))


def check(snapshot: Snapshot) -> None:
    """See that every step of a history can be undone and done again, and that it leads to its document.

    A history from a file may say anything; what cannot be undone must be found out now, not under the artist's hand.

    Raises:
        ValueError: It cannot; the text says at which step.
    """
    steps, position = snapshot.steps, snapshot.position
    if not 0 <= position <= len(steps):
        raise ValueError(f"there is no position {position} in a history of {len(steps)} steps")
    document = snapshot.document
    for number in range(position, 0, -1):
        document = _tried(document, steps[number - 1].undo, number)
    document = snapshot.document
    for number, step in enumerate(steps[position:], start=position + 1):
        document = _tried(document, step.redo, number)


def _tried(document: Document, commands: tuple[Command, ...], number: int) -> Document:
    if not commands:
        raise ValueError(f"step {number} does not say how it is undone or done again")
    try:
        return _apply_all(document, commands)[0]
    except ValueError as exc:
        raise ValueError(f"step {number} cannot be undone or done again: {exc}") from exc
