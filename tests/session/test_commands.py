"""Commands: what each does, and that its inverse undoes it exactly."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.session.commands import (
    AddBookmark,
    Command,
    LockSlider,
    MoveSlider,
    PinSlider,
    PutLatent,
    RemoveBookmark,
    RenameBookmark,
    RenameSlider,
    ResetAll,
    ResetSlider,
    SetBefore,
    SetLatent,
    TagBookmark,
    apply,
    supersedes,
)
from lunar_studio.session.document import Document, tags_of
from tests.session.edits import DIRECTIONS, Edit, bookmark, edits

BULK, UPRIGHT, WARM = DIRECTIONS
ORIGIN, SOMEWHERE = Latent([0, 0, 0, 0]), Latent([1, 2, 3, 4])
SHOWN = Document(latent=SOMEWHERE, anchor=ORIGIN)


def after(document: Document, *commands: Command) -> Document:
    """The document after all commands."""
    for command in commands:
        document, _ = apply(document, command)
    return document


def grown(steps: list[Edit]) -> list[tuple[Document, Command]]:
    """Each document on the way, with the command that was done to it."""
    document, done = Document(), []
    for edit in steps:
        command = edit(document)
        if command is not None:
            done.append((document, command))
            document = after(document, command)
    return done


@given(st.lists(edits, max_size=12))
def test_a_command_and_its_inverse_change_nothing(steps: list[Edit]) -> None:
    for document, command in grown(steps):
        changed, inverse = apply(document, command)
        restored, redo = apply(changed, inverse)
        assert restored == document
        again, _ = apply(restored, redo)
        assert again == changed


@given(st.lists(edits, max_size=12))
def test_inverses_in_reverse_lead_back_to_the_beginning(steps: list[Edit]) -> None:
    document, inverses = Document(), []
    for _, command in grown(steps):
        document, inverse = apply(document, command)
        inverses.append(inverse)
    assert after(document, *reversed(inverses)) == Document()


@given(st.lists(edits, max_size=12), edits)
def test_an_inverse_that_supersedes_leads_back_alone(steps: list[Edit], last: Edit) -> None:
    done = grown([*steps, last, last])
    for (document, first), (_, second) in pairwise(done):
        middle, first_inverse = apply(document, first)
        end, second_inverse = apply(middle, second)
        if supersedes(first_inverse, second_inverse):
            assert after(end, first_inverse) == document


def test_moving_a_slider_moves_it_and_keeps_the_anchor() -> None:
    moved = after(SHOWN, MoveSlider(BULK, 1.5))
    assert moved.latent is not None
    assert BULK.position(moved.latent) == pytest.approx(1.5, abs=1e-6)
    assert moved.anchor == ORIGIN
    np.testing.assert_array_equal(moved.latent.values_L[1:], SOMEWHERE.values_L[1:])


def test_resetting_a_slider_takes_it_back_to_where_exploring_began() -> None:
    reset = after(SHOWN, ResetSlider(WARM))
    assert reset.latent is not None
    assert WARM.position(reset.latent) == pytest.approx(WARM.position(ORIGIN), abs=1e-6)
    assert BULK.position(reset.latent) == pytest.approx(BULK.position(SOMEWHERE), abs=1e-6)


def test_resetting_all_spares_locked_sliders() -> None:
    assert after(SHOWN, ResetAll()).latent == ORIGIN
    spared = after(SHOWN, ResetAll((BULK,))).latent
    assert spared is not None
    assert BULK.position(spared) == pytest.approx(BULK.position(SOMEWHERE), abs=1e-6)
    np.testing.assert_allclose(spared.values_L[1:], 0, atol=1e-6)


def test_a_new_exploration_sets_everything_about_it() -> None:
    rolled = after(SHOWN, SetLatent(SOMEWHERE, SOMEWHERE, seed=7, prompt="blue potion", temperature=0.7))
    assert rolled == Document(latent=SOMEWHERE, anchor=SOMEWHERE, seed=7, prompt="blue potion", temperature=0.7)


def test_showing_another_latent_keeps_the_exploration() -> None:
    shown = after(Document(latent=ORIGIN, anchor=ORIGIN, seed=7), PutLatent(SOMEWHERE))
    assert (shown.latent, shown.anchor, shown.seed) == (SOMEWHERE, ORIGIN, 7)


def test_before_can_be_chosen_and_given_back() -> None:
    chosen = after(SHOWN, SetBefore(SOMEWHERE))
    assert chosen.compared == SOMEWHERE
    assert after(chosen, SetBefore(None)).compared == ORIGIN


def test_locking_twice_is_locking_once() -> None:
    locked = after(SHOWN, LockSlider("shape/0"))
    again, inverse = apply(locked, LockSlider("shape/0"))
    assert again == locked
    assert after(again, inverse) == locked
    assert after(locked, LockSlider("shape/0", locked=False)) == SHOWN


def test_an_empty_name_gives_the_sliders_own_name_back() -> None:
    named = after(SHOWN, RenameSlider("shape/0", "fat"))
    assert named.slider_name(BULK) == "fat"
    assert after(named, RenameSlider("shape/0", "")).slider_name(BULK) == "bulk"


def test_the_shelf_keeps_its_order() -> None:
    a, b, c = (bookmark(name, SOMEWHERE) for name in "abc")
    shelf = after(SHOWN, AddBookmark(a), AddBookmark(b), AddBookmark(c, 1))
    assert [kept.id for kept in shelf.bookmarks] == ["a", "c", "b"]
    removed, inverse = apply(shelf, RemoveBookmark("c"))
    assert [kept.id for kept in removed.bookmarks] == ["a", "b"]
    assert after(removed, inverse) == shelf


def test_a_pinned_slider_is_pinned_once_and_let_go() -> None:
    pinned = after(SHOWN, PinSlider("shape/0"))
    again, inverse = apply(pinned, PinSlider("shape/0"))
    assert again == pinned
    assert after(again, inverse) == pinned
    assert after(pinned, PinSlider("shape/0", pinned=False)) == SHOWN


def test_other_tags_change_nothing_else_and_find_it() -> None:
    shelf = after(SHOWN, AddBookmark(bookmark("a", SOMEWHERE)), TagBookmark("a", ("boss", "to do")))
    (kept,) = shelf.bookmarks
    assert (kept.tags, kept.name) == (("boss", "to do"), "Red slime")
    for words, is_found in (("", True), ("BOSS", True), ("slime do", True), ("boss knight", False), ("  ", True)):
        assert kept.is_found_by(words) is is_found, words


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ("", ()),
        (" boss ,to   do,, ", ("boss", "to do")),
        ("Boss, boss", ("Boss",)),
        ("x" * 99, ("x" * 40,)),
        (",".join(map(str, range(99))), tuple(map(str, range(20)))),
    ],
)
def test_tags_of_a_line(line: str, tags: tuple[str, ...]) -> None:
    assert tags_of(line) == tags


def test_renaming_a_bookmark_changes_nothing_else() -> None:
    shelf = after(SHOWN, AddBookmark(bookmark("a", SOMEWHERE)), RenameBookmark("a", "Hero"))
    assert shelf.bookmarks[0].name == "Hero"
    assert shelf.bookmarks[0].tags == ("slime",)


@pytest.mark.parametrize(
    "command",
    [
        AddBookmark(bookmark("a", SOMEWHERE)),
        AddBookmark(bookmark("new", SOMEWHERE), 5),
        AddBookmark(bookmark("new", SOMEWHERE), -1),
        RemoveBookmark("gone"),
        RenameBookmark("gone", "x"),
        TagBookmark("gone", ("x",)),
        PutLatent(Latent([1, 2])),
        SetLatent(SOMEWHERE, Latent([1, 2])),
        SetLatent(SOMEWHERE, SOMEWHERE, before=Latent([1, 2, 3])),
        SetBefore(Latent([1])),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_refused(command: Command) -> None:
    with pytest.raises(ValueError, match=r"is on the shelf|no place|no bookmark|does not fit"):
        apply(after(SHOWN, AddBookmark(bookmark("a", SOMEWHERE))), command)


@pytest.mark.parametrize("command", [MoveSlider(BULK, 1.0), ResetSlider(BULK), ResetAll()], ids=repr)
def test_nothing_moves_before_the_first_sprite(command: Command) -> None:
    with pytest.raises(ValueError, match="no sprite"):
        apply(Document(), command)


def test_a_direction_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        apply(Document(latent=Latent([1, 2]), anchor=Latent([1, 2])), MoveSlider(BULK, 1.0))


@pytest.mark.parametrize(
    ("command", "title"),
    [
        (MoveSlider(BULK, 1.0), "Move bulk"),
        (MoveSlider(BULK, 1.0, "fat"), "Move fat"),
        (ResetSlider(WARM), "Reset warm"),
        (ResetAll(), "Reset all sliders"),
        (SetLatent(ORIGIN, ORIGIN), "Re-roll"),
        (SetLatent(ORIGIN, ORIGIN, title="Open knight.png"), "Open knight.png"),
        (LockSlider("shape/1", label="upright"), "Lock upright"),
        (LockSlider("shape/1", locked=False), "Unlock shape/1"),
        (RenameSlider("shape/1", "tall"), "Name slider tall"),
        (AddBookmark(bookmark("a", ORIGIN)), "Bookmark Red slime"),
        (AddBookmark(bookmark("a", ORIGIN, "")), "Bookmark"),
        (RemoveBookmark("a", "Red slime"), "Remove bookmark Red slime"),
        (RenameBookmark("a", "Hero"), "Rename bookmark Hero"),
        (TagBookmark("a", ("boss",), "Hero"), "Tag Hero"),
        (PinSlider("shape/1", label="upright"), "Pin upright"),
        (PinSlider("shape/1", pinned=False), "Unpin shape/1"),
    ],
)
def test_titles_are_the_artists_words(command: Command, title: str) -> None:
    assert command.title == title
