"""Every edit of the document, as a frozen command with an inverse that is a command too.

`apply(document, command)` gives the next document and the inverse; applying the inverse gives the
first document back exactly (not just to rounding). A command that cannot be meant (an unknown id, a
latent of another model's length) raises ValueError and changes nothing: that is our mistake, not the
artist's. `title` is the line in the history list, in the artist's words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.palette import Palette
from lunar_studio.session import breeding_commands, pixel_commands, teaching_commands
from lunar_studio.session.breeding_commands import (
    AddGeneration,
    BreedingCommand,
    GoToGeneration,
    MarkChildren,
    RemoveGeneration,
)
from lunar_studio.session.document import Bookmark, Document, with_locks
from lunar_studio.session.pixel_commands import PatchEdits, PixelCommand
from lunar_studio.session.teaching_commands import AddSlider, RemoveSlider, TeachingCommand


@dataclass(frozen=True, slots=True)
class MoveSlider:
    """Move along one direction to a position.

    Attributes:
        direction: What the slider moves along.
        position: Where to, in standard deviations from the training art's centre.
        label: The slider's name as the artist sees it; the direction's own if empty.
    """

    direction: Direction
    position: float
    label: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Move {self.label or self.direction.name}"


@dataclass(frozen=True, slots=True)
class ResetSlider:
    """Move one slider back to where the exploration began.

    Attributes:
        direction: What the slider moves along.
        label: The slider's name as the artist sees it; the direction's own if empty.
    """

    direction: Direction
    label: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Reset {self.label or self.direction.name}"


@dataclass(frozen=True, slots=True)
class ResetAll:
    """Go back to where the exploration began, but for locked sliders.

    Attributes:
        locked: The directions of the document's locked sliders.
    """

    locked: tuple[Direction, ...] = ()

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Reset all sliders"


@dataclass(frozen=True, slots=True)
class PutLatent:
    """Show another latent of the same exploration: anchor, seed and words stay.

    Attributes:
        latent: What to show; None clears the canvas.
        title: The line in the history list.
    """

    latent: Latent | None
    title: str = "Change sprite"


@dataclass(frozen=True, slots=True)
class SetLatent:
    """Begin a new exploration: a re-roll, an own sprite, a jump to a bookmark.

    For a re-roll with locked sliders, pass `with_locks(sampled, document.latent, locked)` as latent. Pinned pixels
    stay unless `edits` says what to put in their place.

    Attributes:
        latent: What to show.
        anchor: Where resets go; usually the same.
        seed: What it grew from.
        prompt: The words it followed.
        temperature: Spread it was drawn with.
        before: What before/after compares with; None means the anchor.
        title: The line in the history list: "Re-roll", "Open knight.png", "Go to Red slime".
        edits: Painted pixels over it; None keeps the pinned ones and drops the others.
        before_edits: Painted pixels over `before`.
    """

    latent: Latent | None
    anchor: Latent | None
    seed: int = 0
    prompt: str = ""
    temperature: float = 1.0
    before: Latent | None = None
    title: str = "Re-roll"
    edits: Overlay | None = None
    before_edits: Overlay = NOTHING


@dataclass(frozen=True, slots=True)
class SetBefore:
    """Choose what before/after compares with.

    Attributes:
        latent: The "before"; None goes back to the anchor.
        title: The line in the history list.
        edits: Painted pixels over it.
    """

    latent: Latent | None
    title: str = "Compare with this"
    edits: Overlay = NOTHING


@dataclass(frozen=True, slots=True)
class SetPalette:
    """Change the artist's own colours.

    Attributes:
        palette: All of them.
        title: The line in the history list.
    """

    palette: Palette
    title: str = "Mix a colour"


@dataclass(frozen=True, slots=True)
class LockSlider:
    """Lock a slider, or unlock it.

    Attributes:
        slider_id: The direction's id.
        locked: Whether it is locked afterwards.
        label: The slider's name as the artist sees it; the id if empty.
    """

    slider_id: str
    locked: bool = True
    label: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"{'Lock' if self.locked else 'Unlock'} {self.label or self.slider_id}"


@dataclass(frozen=True, slots=True)
class RenameSlider:
    """Give a slider the artist's own name.

    Attributes:
        slider_id: The direction's id.
        name: The new name; empty gives the direction's own name back.
    """

    slider_id: str
    name: str

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Name slider {self.name}" if self.name else "Give slider its own name back"


@dataclass(frozen=True, slots=True)
class AddBookmark:
    """Keep a sprite on the shelf.

    Attributes:
        bookmark: What to keep; its id is new to the document.
        index: Its place on the shelf; None is the end.
    """

    bookmark: Bookmark
    index: int | None = None

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Bookmark {self.bookmark.name}".rstrip()


@dataclass(frozen=True, slots=True)
class RemoveBookmark:
    """Take a sprite from the shelf.

    Attributes:
        bookmark_id: Which.
        name: Its name, for the title.
    """

    bookmark_id: str
    name: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Remove bookmark {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class RenameBookmark:
    """Call a kept sprite something else.

    Attributes:
        bookmark_id: Which.
        name: The new name.
    """

    bookmark_id: str
    name: str

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Rename bookmark {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class TagBookmark:
    """Give a kept sprite other words to find it by.

    Attributes:
        bookmark_id: Which.
        tags: All of them.
        name: Its name, for the title.
    """

    bookmark_id: str
    tags: tuple[str, ...]
    name: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Tag {self.name or 'bookmark'}"


@dataclass(frozen=True, slots=True)
class PinSlider:
    """Keep a slider above all others, or let it go back to its group.

    Attributes:
        slider_id: The direction's id.
        pinned: Whether it is above afterwards.
        label: The slider's name as the artist sees it; the id if empty.
    """

    slider_id: str
    pinned: bool = True
    label: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"{'Pin' if self.pinned else 'Unpin'} {self.label or self.slider_id}"


Command = (
    MoveSlider
    | ResetSlider
    | ResetAll
    | PutLatent
    | SetLatent
    | SetBefore
    | SetPalette
    | LockSlider
    | RenameSlider
    | AddBookmark
    | RemoveBookmark
    | RenameBookmark
    | TagBookmark
    | PinSlider
    | PixelCommand
    | BreedingCommand
    | TeachingCommand
)


def apply(document: Document, command: Command) -> tuple[Document, Command]:
    """The document after `command`, and the command that leads back.

    Raises:
        ValueError: An id is unknown or taken, or a latent or direction has another length than the document's.
    """
    match command:
        case MoveSlider() | ResetSlider() | ResetAll() | PutLatent():
            return _put(document, _moved(document, command), command.title)
        case SetLatent() | SetBefore() | SetPalette():
            return _set(document, command)
        case LockSlider() | RenameSlider() | PinSlider():
            return _change_slider(document, command)
        case AddBookmark() | RemoveBookmark() | RenameBookmark() | TagBookmark():
            return _change_shelf(document, command)
        case _:
            return _apply_elsewhere(document, command)


def _apply_elsewhere(
    document: Document, command: PixelCommand | BreedingCommand | TeachingCommand
) -> tuple[Document, Command]:
    """Commands that have a module of their own."""
    match command:
        case AddGeneration() | RemoveGeneration() | GoToGeneration() | MarkChildren():
            return breeding_commands.apply_breeding(document, command)
        case AddSlider() | RemoveSlider():
            return teaching_commands.apply_teaching(document, command)
        case _:
            return pixel_commands.apply_pixels(document, command)


def joined(first: Command, then: Command) -> Command | None:
    """One command that does what `first` does and `then` does after it; None where there is none.

    The history asks this when it merges a drag, of the inverses: of a hundred of them, one is enough.
    """
    if isinstance(first, PatchEdits) and isinstance(then, PatchEdits):
        return pixel_commands.joined(first, then)
    return then if supersedes(then, first) else None


def supersedes(undo: Command, later: Command) -> bool:
    """Whether doing `later` and then `undo` comes to the same as `undo` alone."""
    match undo, later:
        case (SetLatent(edits=None), SetLatent() | PatchEdits()):
            return False  # what it keeps depends on what was painted before
        case (
            (SetLatent(), SetLatent() | PutLatent() | SetBefore() | PatchEdits())
            | (PutLatent(), PutLatent())
            | (SetBefore(), SetBefore())
            | (SetPalette(), SetPalette())
            | (GoToGeneration(), GoToGeneration())
        ):
            return True
        case (
            (RenameSlider(slider_id=first), RenameSlider(slider_id=second))
            | (RenameBookmark(bookmark_id=first), RenameBookmark(bookmark_id=second))
            | (TagBookmark(bookmark_id=first), TagBookmark(bookmark_id=second))
            | (MarkChildren(generation_id=first), MarkChildren(generation_id=second))
        ):
            return first == second
        case _:
            return False


def _moved(document: Document, command: MoveSlider | ResetSlider | ResetAll | PutLatent) -> Latent | None:
    """The latent to show after a command that stays in the same exploration."""
    if isinstance(command, PutLatent):
        return command.latent
    if document.latent is None or document.anchor is None:
        raise ValueError("there is no sprite to move yet")
    if isinstance(command, ResetAll):
        return with_locks(document.anchor, document.latent, command.locked)
    if len(command.direction.axis_L) != len(document.latent):
        raise ValueError(f"a direction of {len(command.direction.axis_L)} numbers does not fit {len(document.latent)}")
    if isinstance(command, MoveSlider):
        return command.direction.moved(document.latent, command.position)
    return command.direction.moved(document.latent, command.direction.position(document.anchor))


def _put(document: Document, latent: Latent | None, title: str) -> tuple[Document, Command]:
    _check_length(document, latent)
    return replace(document, latent=latent), PutLatent(document.latent, title)


def _set(document: Document, command: SetLatent | SetBefore | SetPalette) -> tuple[Document, Command]:
    if isinstance(command, SetPalette):
        return replace(document, palette=command.palette), SetPalette(document.palette, command.title)
    if isinstance(command, SetBefore):
        _check_length(document, command.latent)
        changed = replace(document, before=command.latent, before_edits=command.edits)
        return changed, SetBefore(document.before, command.title, document.before_edits)
    for latent in (command.latent, command.anchor, command.before):
        _check_length(document, latent)
    inverse = SetLatent(
        document.latent,
        document.anchor,
        document.seed,
        document.prompt,
        document.temperature,
        document.before,
        command.title,
        document.edits,
        document.before_edits,
    )
    changed = replace(
        document,
        latent=command.latent,
        anchor=command.anchor,
        seed=command.seed,
        prompt=command.prompt,
        temperature=command.temperature,
        before=command.before,
        edits=document.edits.pinned if command.edits is None else command.edits,
        before_edits=command.before_edits,
    )
    return changed, inverse


def _change_slider(document: Document, command: LockSlider | RenameSlider | PinSlider) -> tuple[Document, Command]:
    slider_id = command.slider_id
    if isinstance(command, PinSlider):
        raised = document.raised | {slider_id} if command.pinned else document.raised - {slider_id}
        return replace(document, raised=raised), PinSlider(slider_id, slider_id in document.raised, command.label)
    if isinstance(command, LockSlider):
        locked = document.locked | {slider_id} if command.locked else document.locked - {slider_id}
        return replace(document, locked=locked), LockSlider(slider_id, slider_id in document.locked, command.label)
    names = {key: name for key, name in document.slider_names.items() if key != slider_id}
    if command.name:
        names[slider_id] = command.name
    return replace(document, slider_names=names), RenameSlider(slider_id, document.slider_names.get(slider_id, ""))


def _change_shelf(
    document: Document, command: AddBookmark | RemoveBookmark | RenameBookmark | TagBookmark
) -> tuple[Document, Command]:
    shelf = list(document.bookmarks)
    inverse: Command
    if isinstance(command, AddBookmark):
        added = command.bookmark
        index = len(shelf) if command.index is None else command.index
        if any(kept.id == added.id for kept in shelf) or not 0 <= index <= len(shelf):
            raise ValueError(f"bookmark {added.id!r} is on the shelf already, or there is no place {index}")
        shelf.insert(index, added)
        inverse = RemoveBookmark(added.id, added.name)
    else:
        index = document.bookmark_index(command.bookmark_id)
        old = shelf[index]
        if isinstance(command, RemoveBookmark):
            del shelf[index]
            inverse = AddBookmark(old, index)
        elif isinstance(command, TagBookmark):
            shelf[index] = replace(old, tags=command.tags)
            inverse = TagBookmark(old.id, old.tags, command.name)
        else:
            shelf[index] = replace(old, name=command.name)
            inverse = RenameBookmark(old.id, old.name)
    return replace(document, bookmarks=tuple(shelf)), inverse


def _check_length(document: Document, latent: Latent | None) -> None:
    for known in (document.latent, document.anchor):
        if latent is not None and known is not None and len(latent) != len(known):
            raise ValueError(f"a latent of {len(latent)} numbers does not fit a document of {len(known)}")
