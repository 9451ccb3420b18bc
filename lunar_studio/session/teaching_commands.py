"""Commands for sliders that the artist has made: each changes `Document.taught` only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lunar_studio.session.document import MOST_TAUGHT, Document
from lunar_studio.session.teaching import TaughtSlider


@dataclass(frozen=True, slots=True)
class AddSlider:
    """Put a slider into the artist's own group.

    Attributes:
        slider: What was taught; its id is new to the document.
        index: Its place in the group; None is the end.
    """

    slider: TaughtSlider
    index: int | None = None

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Teach slider {self.slider.name}".rstrip()


@dataclass(frozen=True, slots=True)
class RemoveSlider:
    """Take a slider out of the artist's own group.

    Attributes:
        slider_id: Which.
        name: Its name, for the title.
    """

    slider_id: str
    name: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Remove slider {self.name}".rstrip()


TeachingCommand = AddSlider | RemoveSlider


def apply_teaching(document: Document, command: TeachingCommand) -> tuple[Document, TeachingCommand]:
    """The document after a command about own sliders, and the command that leads back.

    Raises:
        ValueError: An id is unknown or taken, there are too many, or the slider is of another model.
    """
    listed = list(document.taught)
    inverse: TeachingCommand
    ids = [slider.id for slider in listed]
    if isinstance(command, AddSlider):
        added = command.slider
        index = len(listed) if command.index is None else command.index
        if added.id in ids or not 0 <= index <= len(listed) or len(listed) >= MOST_TAUGHT:
            raise ValueError(f"slider {added.id!r} is there already, or there is no place for it")
        if document.latent is not None and len(added.axis) != len(document.latent):
            raise ValueError(f"slider {added.id!r} is of another model")
        listed.insert(index, added)
        inverse = RemoveSlider(added.id, added.name)
    else:
        if command.slider_id not in ids:
            raise ValueError(f"there is no slider {command.slider_id!r}")
        index = ids.index(command.slider_id)
        inverse = AddSlider(listed.pop(index), index)
    return replace(document, taught=tuple(listed)), inverse
