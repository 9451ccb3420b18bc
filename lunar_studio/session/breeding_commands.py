"""Commands that breed: each changes `Document.breeding` only, and its inverse is one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lunar_studio.session.breeding import Generation
from lunar_studio.session.document import Document


@dataclass(frozen=True, slots=True)
class AddGeneration:
    """Put a generation into the tree, and look at it.

    Attributes:
        generation: What was bred.
        index: Its place in the order of breeding; None is the end.
        current: What is looked at afterwards, if not the generation.
    """

    generation: Generation
    index: int | None = None
    current: str | None = None

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Breed" if self.generation.parent else "Breed from the sprite"


@dataclass(frozen=True, slots=True)
class RemoveGeneration:
    """Take a generation from which nothing was bred out of the tree.

    Attributes:
        generation_id: Which.
        current: What is looked at afterwards; empty for nothing.
    """

    generation_id: str
    current: str = ""

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Remove generation"


@dataclass(frozen=True, slots=True)
class GoToGeneration:
    """Look at another generation.

    Attributes:
        generation_id: Which; empty for none.
        number: What the artist calls it, from 1; 0 leaves it out.
    """

    generation_id: str
    number: int = 0

    @property
    def title(self) -> str:
        """The line in the history list."""
        return f"Go to generation {self.number}" if self.number else "Go to generation"


@dataclass(frozen=True, slots=True)
class MarkChildren:
    """Mark which children shall be parents of the next generation.

    Attributes:
        generation_id: Whose children.
        kept: Their numbers, from 0, rising.
    """

    generation_id: str
    kept: tuple[int, ...]

    @property
    def title(self) -> str:
        """The line in the history list."""
        return "Mark parents"


BreedingCommand = AddGeneration | RemoveGeneration | GoToGeneration | MarkChildren


def apply_breeding(document: Document, command: BreedingCommand) -> tuple[Document, BreedingCommand]:
    """The document after a command that breeds, and the command that leads back.

    Raises:
        ValueError: An id is unknown or taken, something was bred from what shall go, or latents are of another model.
    """
    tree = document.breeding
    inverse: BreedingCommand
    match command:
        case AddGeneration():
            added = command.generation
            if document.latent is not None and len(added.parents[0]) != len(document.latent):
                raise ValueError("a generation of another model")
            index = len(tree) if command.index is None else command.index
            if not 0 <= index <= len(tree):
                raise ValueError(f"there is no place {index} in a tree of {len(tree)} generations")
            changed = tree.with_generation(added, index, added.id if command.current is None else command.current)
            inverse = RemoveGeneration(added.id, tree.current)
        case RemoveGeneration():
            index = tree.index(command.generation_id)
            changed = tree.without(command.generation_id, command.current)
            inverse = AddGeneration(tree.generations[index], index, tree.current)
        case GoToGeneration():
            changed = replace(tree, current=command.generation_id)
            inverse = GoToGeneration(tree.current, tree.index(tree.current) + 1 if tree.current else 0)
        case MarkChildren():
            changed = tree.with_kept(command.generation_id, command.kept)
            inverse = MarkChildren(command.generation_id, tree.generation(command.generation_id).kept)
    return replace(document, breeding=changed), inverse
