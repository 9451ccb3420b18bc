"""Painting: what each command does, that a patch undoes it, and that a drag of the pencil is one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay, Pixel, Rgba
from lunar_studio.session.commands import Command, PutLatent, SetBefore, SetLatent, apply
from lunar_studio.session.document import Document
from lunar_studio.session.history import Session
from lunar_studio.session.pixel_commands import (
    ClearEdits,
    ErasePixels,
    FillPixels,
    PaintPixels,
    PatchEdits,
    PinPixels,
    PixelCommand,
    RestorePixels,
    UnpinPixels,
    apply_pixels,
    joined,
)
from tests.session.edits import Edit, overlays, pixel_edits

RED, BLUE, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
SOMEWHERE = Latent([1, 2, 3, 4])
SHOWN = Document(latent=SOMEWHERE, anchor=SOMEWHERE)


def after(document: Document, *commands: Command) -> Document:
    """The document after all commands."""
    for command in commands:
        document, _ = apply(document, command)
    return document


def painted(document: Document) -> dict[Pixel, tuple[Rgba, bool]]:
    """Colour and pin of every painted pixel."""
    return {pixel: (rgba, pinned) for pixel, rgba, pinned in document.edits}


def test_a_pencil_paints_and_pins() -> None:
    document = after(SHOWN, PaintPixels(((1, 2), (2, 2)), RED), PaintPixels(((2, 2),), BLUE, pinned=False))
    assert painted(document) == {(1, 2): (RED, True), (2, 2): (BLUE, False)}


def test_an_eraser_makes_pixels_transparent_and_gives_none_back() -> None:
    document = after(SHOWN, PaintPixels(((1, 2),), RED), ErasePixels(((1, 2), (0, 0))))
    assert painted(document) == {(1, 2): (CLEAR, True), (0, 0): (CLEAR, True)}


def test_pixels_can_be_given_back_to_the_model() -> None:
    drawn = after(SHOWN, PaintPixels(((1, 2), (2, 2)), RED), FillPixels(((3, 3),), BLUE))
    assert painted(after(drawn, RestorePixels(((1, 2), (9, 9))))) == {(2, 2): (RED, True), (3, 3): (BLUE, True)}
    assert after(drawn, ClearEdits()) == SHOWN


def test_pins_come_and_go_and_colours_stay() -> None:
    drawn = after(SHOWN, PaintPixels(((1, 1), (2, 2)), RED, pinned=False))
    pinned = after(drawn, PinPixels(Overlay.painted([(1, 1), (5, 5)], BLUE)))
    assert painted(pinned) == {(1, 1): (BLUE, True), (2, 2): (RED, False), (5, 5): (BLUE, True)}
    loose = after(pinned, UnpinPixels(((1, 1), (9, 9))))
    assert painted(loose) == {(1, 1): (BLUE, False), (2, 2): (RED, False), (5, 5): (BLUE, True)}


def test_a_new_exploration_keeps_the_pinned_and_drops_the_loose() -> None:
    drawn = after(SHOWN, PaintPixels(((1, 1),), RED), PaintPixels(((2, 2),), RED, pinned=False))
    rolled = after(drawn, SetLatent(SOMEWHERE, SOMEWHERE, seed=3))
    assert painted(rolled) == {(1, 1): (RED, True)}
    assert painted(after(drawn, SetLatent(SOMEWHERE, SOMEWHERE, edits=NOTHING))) == {}


def test_moving_within_an_exploration_keeps_everything() -> None:
    drawn = after(SHOWN, PaintPixels(((1, 1),), RED, pinned=False))
    assert after(drawn, PutLatent(Latent([4, 3, 2, 1]))).edits == drawn.edits


def test_before_has_its_own_painted_pixels() -> None:
    drawn = after(SHOWN, PaintPixels(((1, 1),), RED))
    assert drawn.compared_edits == NOTHING
    chosen = after(drawn, SetBefore(drawn.latent, edits=drawn.edits), ClearEdits())
    assert chosen.compared_edits == drawn.edits
    assert after(chosen, SetBefore(None)).compared_edits == NOTHING


@given(st.lists(pixel_edits, min_size=2, max_size=8))
def test_two_patches_in_a_row_are_one(steps: list[Edit]) -> None:
    document, undo = SHOWN, PatchEdits()
    for edit in steps:
        command = edit(document)
        assert isinstance(command, PixelCommand)
        document, inverse = apply_pixels(document, command)
        undo = joined(inverse, undo)
        assert after(document, undo) == SHOWN


@given(overlays, overlays, overlays)
def test_joined_patches_do_what_both_do(begun: Overlay, first: Overlay, second: Overlay) -> None:
    document = Document(latent=SOMEWHERE, anchor=SOMEWHERE, edits=begun)
    one, two = PatchEdits(first, ((0, 0), (1, 1))), PatchEdits(second, ((1, 1), (2, 2)))
    assert after(document, joined(one, two)) == after(document, one, two)


def test_a_drag_of_the_pencil_is_one_step_with_one_inverse() -> None:
    session = Session(SHOWN)
    for x in range(200):
        session.do(PaintPixels(((x % 50, x // 50),), RED), merge="pencil")
    session.end_merge()
    session.do(PaintPixels(((0, 0),), BLUE), merge="pencil")
    assert [entry.title for entry in session.entries] == ["Paint", "Paint"]
    assert len(session._steps[0].undo) == 1
    session.undo()
    session.undo()
    assert session.document == SHOWN
    session.redo()
    assert len(session.document.edits) == 200


def test_a_patch_is_as_small_as_its_stroke() -> None:
    large = after(SHOWN, FillPixels(tuple((x, y) for x in range(64) for y in range(64)), RED))
    _, inverse = apply(large, PaintPixels(((1, 1),), BLUE))
    assert isinstance(inverse, PatchEdits)
    assert len(inverse.put) + len(inverse.dropped) == 1


@pytest.mark.parametrize(
    "command",
    [PaintPixels(((0, 0),), RED), ErasePixels(((0, 0),)), ClearEdits(), PinPixels(NOTHING), RestorePixels(())],
    ids=repr,
)
def test_nothing_is_painted_before_the_first_sprite(command: PixelCommand) -> None:
    with pytest.raises(ValueError, match="no sprite"):
        apply(Document(), command)


@pytest.mark.parametrize("command", [PaintPixels(((-1, 0),), RED), FillPixels(((0, 0),), (0, 0, 0, 300))], ids=repr)
def test_what_is_out_of_range_is_refused(command: PixelCommand) -> None:
    with pytest.raises(ValueError, match=r"outside|no colour"):
        apply(SHOWN, command)


@pytest.mark.parametrize(
    ("command", "title"),
    [
        (PaintPixels((), RED), "Paint"),
        (ErasePixels(()), "Erase"),
        (FillPixels((), RED), "Fill"),
        (PinPixels(NOTHING), "Pin"),
        (UnpinPixels(()), "Unpin"),
        (RestorePixels(()), "Give back to the model"),
        (ClearEdits(), "Clear painted pixels"),
        (PatchEdits(title="Fill"), "Fill"),
    ],
)
def test_titles_are_the_artists_words(command: PixelCommand, title: str) -> None:
    assert command.title == title
