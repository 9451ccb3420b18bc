"""The session: undo and redo without limit, drags as one step, subscribers told once."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.session.commands import AddBookmark, LockSlider, MoveSlider, PutLatent, RemoveBookmark, SetLatent
from lunar_studio.session.document import Document
from lunar_studio.session.history import Session
from tests.session.edits import DIRECTIONS, Edit, bookmark, edits

BULK, UPRIGHT, _ = DIRECTIONS
ORIGIN = Latent([0, 0, 0, 0])
FIRST = Document(latent=ORIGIN, anchor=ORIGIN)


def titles(session: Session) -> list[str]:
    """The lines of the history list."""
    return [entry.title for entry in session.entries]


@given(st.lists(st.tuples(edits, st.sampled_from([None, "drag", "other"])), max_size=15), st.data())
def test_every_position_can_be_gone_back_to(steps: list[tuple[Edit, str | None]], data: st.DataObject) -> None:
    session = Session()
    documents = {0: session.document}
    for edit, merge in steps:
        command = edit(session.document)
        if command is not None:
            session.do(command, merge=merge)
            documents[session.position] = session.document
    assert session.position == len(session.entries)
    for target in data.draw(st.lists(st.integers(0, session.position), max_size=6)):
        session.go_to(target)
        assert session.document == documents[target]
        assert session.position == target
        assert (session.can_undo, session.can_redo) == (target > 0, target < len(session.entries))


@given(st.lists(edits, max_size=10))
def test_undoing_all_and_redoing_all_changes_nothing(steps: list[Edit]) -> None:
    session = Session()
    for edit in steps:
        command = edit(session.document)
        if command is not None:
            session.do(command)
    end = session.document
    while session.can_undo:
        session.undo()
    assert session.document == Document()
    while session.can_redo:
        session.redo()
    assert session.document == end


def test_a_drag_is_one_step() -> None:
    session = Session(FIRST)
    for position in (0.1, 0.2, 0.3):
        session.do(MoveSlider(BULK, position), merge="shape/0")
    session.end_merge()
    assert titles(session) == ["Move bulk"]
    assert session.document.latent is not None
    assert BULK.position(session.document.latent) == pytest.approx(0.3, abs=1e-6)
    session.undo()
    assert session.document == FIRST


def test_a_drag_ends_with_the_mouse_button() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 0.1), merge="shape/0")
    session.end_merge()
    session.do(MoveSlider(BULK, 0.2), merge="shape/0")
    assert titles(session) == ["Move bulk", "Move bulk"]


@pytest.mark.parametrize("merge", ["shape/1", None])
def test_another_key_begins_another_step(merge: str | None) -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 0.1), merge="shape/0")
    session.do(MoveSlider(UPRIGHT, 0.2), merge=merge)
    assert titles(session) == ["Move bulk", "Move upright"]


def test_a_drag_does_not_go_on_after_undo() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 0.1), merge="shape/0")
    session.do(LockSlider("shape/1"))
    session.undo()
    session.do(MoveSlider(BULK, 0.2), merge="shape/0")
    assert titles(session) == ["Move bulk", "Move bulk"]


def test_merged_commands_of_different_kinds_are_undone_together() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 1.0), merge="breed")
    session.do(AddBookmark(bookmark("a", ORIGIN)), merge="breed")
    session.do(SetLatent(Latent([1, 1, 1, 1]), ORIGIN, seed=3), merge="breed")
    end = session.document
    assert len(session.entries) == 1
    session.undo()
    assert session.document == FIRST
    session.redo()
    assert session.document == end


def test_a_command_forgets_what_was_undone() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 1.0))
    session.undo()
    session.do(LockSlider("shape/0"))
    assert titles(session) == ["Lock shape/0"]
    assert not session.can_redo


def test_a_command_that_changes_nothing_leaves_no_step() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 1.0))
    session.undo()
    session.do(LockSlider("shape/0", locked=False))
    assert titles(session) == ["Move bulk"]
    assert session.can_redo


def test_a_refused_command_leaves_everything_as_it_was() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 1.0))
    session.undo()
    with pytest.raises(ValueError, match="gone"):
        session.do(RemoveBookmark("gone"))
    assert session.document == FIRST
    assert session.can_redo


def test_undo_and_redo_at_the_ends_do_nothing() -> None:
    session = Session(FIRST)
    session.undo()
    session.redo()
    assert (session.document, session.position) == (FIRST, 0)


@pytest.mark.parametrize("position", [-1, 1])
def test_a_position_that_is_not_there_is_refused(position: int) -> None:
    with pytest.raises(ValueError, match="no position"):
        Session().go_to(position)


def test_titles_of_undo_and_redo_say_what_comes() -> None:
    session = Session(FIRST)
    assert (session.undo_title, session.redo_title) == ("", "")
    session.do(MoveSlider(BULK, 1.0))
    session.do(LockSlider("shape/0", label="bulk"))
    session.undo()
    assert (session.undo_title, session.redo_title) == ("Move bulk", "Lock bulk")


def test_entries_say_when_they_were_last_done() -> None:
    minutes = iter(range(60))
    session = Session(FIRST, now=lambda: datetime(2026, 11, 22, 20, next(minutes), tzinfo=UTC))
    session.do(MoveSlider(BULK, 1.0), merge="drag")
    session.do(MoveSlider(BULK, 2.0), merge="drag")
    assert session.entries[0].at == "2026-11-22T20:01:00+00:00"


def test_the_real_clock_gives_iso_times() -> None:
    session = Session(FIRST)
    session.do(MoveSlider(BULK, 1.0))
    assert datetime.fromisoformat(session.entries[0].at).tzinfo is not None


def test_subscribers_hear_of_every_change_once_until_they_leave() -> None:
    session = Session(FIRST)
    heard: list[Document] = []
    leave = session.subscribe(heard.append)
    session.do(MoveSlider(BULK, 1.0))
    session.do(LockSlider("shape/0"))
    session.go_to(0)
    session.go_to(0)
    assert len(heard) == 3
    assert heard[-1] == FIRST
    leave()
    leave()
    session.redo()
    assert len(heard) == 3


def test_a_subscriber_may_do_a_command() -> None:
    session = Session(FIRST)
    last: list[Document] = []

    def lock_when_moved(document: Document) -> None:
        if not document.locked:
            session.do(LockSlider("shape/0"))

    session.subscribe(lock_when_moved)
    session.subscribe(last.append)
    session.do(PutLatent(Latent([1, 2, 3, 4])))
    assert titles(session) == ["Change sprite", "Lock shape/0"]
    assert all(document == session.document for document in last)


def test_a_subscriber_may_leave_while_it_is_told() -> None:
    session = Session(FIRST)
    heard: list[str] = []

    def once(_: Document) -> None:
        heard.append("first")
        leave()

    leave = session.subscribe(once)
    session.subscribe(lambda _: heard.append("second"))
    session.do(MoveSlider(BULK, 1.0))
    session.do(MoveSlider(BULK, 2.0))
    assert heard == ["first", "second", "second"]


def test_starting_anew_forgets_the_history() -> None:
    session = Session(FIRST)
    heard: list[Document] = []
    session.subscribe(heard.append)
    session.do(MoveSlider(BULK, 1.0))
    session.start(Document(model="new"))
    assert (session.entries, session.position, session.can_undo) == ((), 0, False)
    assert heard[-1] == session.document == Document(model="new")


def test_a_long_drag_keeps_one_inverse() -> None:
    session = Session(FIRST)
    for step in range(2000):
        session.do(MoveSlider(BULK, step / 1000), merge="drag")
    assert len(session.entries) == 1
    assert len(session._steps[0].undo) == 1
