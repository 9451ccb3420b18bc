"""Project files: what goes in comes out, the same each time; what is damaged or hostile is refused with its reason."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ProjectError
from lunar_studio.session.breeding import BreedingTree, Generation
from lunar_studio.session.commands import AddBookmark, LockSlider, MoveSlider, RenameSlider, SetLatent, SetPalette
from lunar_studio.session.document import Bookmark, Document
from lunar_studio.session.history import Entry, Session, Snapshot, Step, check
from lunar_studio.session.pixel_commands import PaintPixels
from lunar_studio.session.project import (
    VERSION,
    ModelReference,
    Project,
    from_bytes,
    kept_sprites,
    read,
    to_bytes,
    write,
)
from tests.session.edits import DIRECTIONS, LENGTH, Edit, bookmark, edits

HERE, THERE = Latent([1, 2, 3, 4]), Latent([0.5, -2, 0, 1e-20])
MODEL = ModelReference("abc123", "Dungeon", "/home/ada/dungeon.safetensors", LENGTH, 32)
BEGUN = Document(latent=HERE, anchor=HERE, seed=48, prompt="red dragon", model="abc123")


def lived() -> Session:
    """A session with a bit of everything, two steps undone."""
    session = Session(BEGUN)
    session.do(MoveSlider(DIRECTIONS[0], 1.5))
    session.do(PaintPixels(((1, 2), (3, 2)), (255, 0, 0, 255)), merge="stroke")
    session.do(PaintPixels(((4, 2),), (255, 0, 0, 255)), merge="stroke")
    session.end_merge()
    session.do(AddBookmark(replace(bookmark("a", HERE), edits=session.document.edits, model="abc123")))
    session.do(RenameSlider("shape/0", "Größe „fett“"))
    session.do(LockSlider("shape/1"))
    session.do(SetPalette(Palette([(1, 2, 3)])))
    session.do(SetLatent(THERE, THERE, 7, "blue potion", 0.5))
    session.do(MoveSlider(DIRECTIONS[1], -1))
    session.undo()
    session.undo()
    return session


def project(session: Session | None = None) -> Project:
    """The project of a session."""
    return Project((lived() if session is None else session).snapshot(), MODEL)


@given(st.lists(st.tuples(edits, st.sampled_from([None, "drag"])), max_size=12), st.data())
def test_what_goes_in_comes_out(steps: list[tuple[Edit, str | None]], data: st.DataObject) -> None:
    session = Session(BEGUN)
    for edit, merge in steps:
        command = edit(session.document)
        if command is not None:
            session.do(command, merge=merge)
    session.go_to(data.draw(st.integers(0, session.position)))
    again, lost = from_bytes(to_bytes(project(session)), "x.lunar")
    if (session.document.latent is None) != (session.document.anchor is None):
        return
    assert lost == ""
    assert again.session == session.snapshot()
    assert again.model == MODEL


def test_the_history_goes_on_where_it_was(tmp_path: Path) -> None:
    before, path = lived(), tmp_path / "dungeon.lunar"
    write(project(before), path)
    again, _ = read(path)
    session = Session()
    session.restore(again.session)
    assert (session.position, session.entries) == (before.position, before.entries)
    for _ in range(20):
        before.redo()
        session.redo()
        assert session.document == before.document
    for _ in range(20):
        before.undo()
        session.undo()
        assert session.document == before.document


def test_the_same_project_gives_the_same_bytes() -> None:
    one = project()
    assert to_bytes(one) == to_bytes(one)
    again, _ = from_bytes(to_bytes(one), "x")
    assert to_bytes(again) == to_bytes(one)


def test_a_file_can_be_looked_into_with_any_zip_tool() -> None:
    with zipfile.ZipFile(io.BytesIO(to_bytes(project()))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["lunar.json", "latents.f32", "sprites/0.png"]
        told = json.loads(archive.read("lunar.json"))
    assert told["format"] == "lunar-studio project"
    assert told["version"] == VERSION
    assert told["made_by"].startswith("Lunar Studio ")
    assert told["document"]["prompt"] == "red dragon"


def test_latents_and_sprites_are_stored_once() -> None:
    session = Session(BEGUN)
    for name in "abc":
        session.do(AddBookmark(bookmark(name, HERE)))
    with zipfile.ZipFile(io.BytesIO(to_bytes(project(session)))) as archive:
        assert len(archive.namelist()) == 3
        assert json.loads(archive.read("lunar.json"))["latents"] == [LENGTH]


def test_bookmarks_of_another_model_keep_their_own_length() -> None:
    other = Bookmark("x", "Other", Latent(np.zeros(7)), Sprite(np.full((5, 3, 4), 9, np.uint8)), model="other")
    again, _ = from_bytes(to_bytes(Project(Snapshot(replace(BEGUN, bookmarks=(other,))), MODEL)), "x")
    assert again.session.document.bookmarks == (other,)
    assert [sprite.name for sprite in kept_sprites(again)] == ["Other"]


def test_a_project_without_a_sprite_is_one() -> None:
    empty = Project(Snapshot(Document()), ModelReference())
    assert from_bytes(to_bytes(empty), "x")[0].session == empty.session


def test_writing_where_nobody_may_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="could not be written"):
        write(project(), tmp_path / "gone" / "x.lunar")


@pytest.mark.parametrize("path", ["", "gone.lunar"])
def test_what_is_no_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ProjectError, match="cannot be used"):
        read(tmp_path / path)


# ---- hostile -----------------------------------------------------------------------------------------------


def parts() -> dict[str, bytes]:
    """The members of a good file."""
    with zipfile.ZipFile(io.BytesIO(to_bytes(project()))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    """A zip of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(change: Callable[[Any], None]) -> bytes:
    """A good file with other words in it."""
    members = parts()
    told = json.loads(members["lunar.json"])
    change(told)
    return packed(members | {"lunar.json": json.dumps(told).encode()})


def put(*path: str | int, value: object) -> Callable[[Any], None]:
    """Put a value somewhere in the words."""

    def change(told: Any) -> None:  # noqa: ANN401 - any JSON
        for key in path[:-1]:
            told = told[key]
        told[path[-1]] = value

    return change


HOSTILE: dict[str, tuple[Callable[[Any], None], str]] = {
    "another format": (put("format", value="zip"), "does not say"),
    "no version": (put("version", value="1"), "does not say"),
    "version true": (put("version", value=True), "does not say"),
    "newer": (put("version", value=VERSION + 1), "a newer version"),
    "unknown field": (put("document", "code", value="import os"), "something unknown"),
    "seed too large": (put("document", "seed", value=2**31), "document.seed is out of range"),
    "seed negative": (put("document", "seed", value=-1), "document.seed is out of range"),
    "seed a text": (put("document", "seed", value="48"), "document.seed is no whole number"),
    "seed true": (put("document", "seed", value=True), "document.seed is no whole number"),
    "spread zero": (put("document", "temperature", value=0), "temperature is out of range"),
    "long prompt": (put("document", "prompt", value="x" * 10_000), "document.prompt is no text, or far too long"),
    "latent not there": (put("document", "latent", value=999), "document.latent is a latent that is not there"),
    "latent before the first": (put("document", "latent", value=-1), "a latent that is not there"),
    "latent a list": (put("document", "latent", value=[1.0] * 4), "document.latent is no whole number"),
    "no anchor": (put("document", "anchor", value=None), "began nowhere"),
    "other length": (put("model", "latent_dim", value=5), "do not have the 5 numbers"),
    "other model": (put("document", "model", value="evil"), "do not belong together"),
    "lengths nonsense": (put("latents", value=[4, -1]), "list of lengths"),
    "lengths huge": (put("latents", value=[60_000] * 100_000), "cut off"),
    "lengths too many": (put("latents", value=[0] * 300_000), "list of lengths"),
    "palette nonsense": (put("document", "palette", value={"colours": ["red"]}), "#rrggbb"),
    "edits no base64": (put("document", "edits", value="…"), "no base64"),
    "edits cut off": (put("document", "edits", value="AAAA"), "no whole pixels"),
    "edits nowhere": (put("document", "edits", value="////////AP8B"), "no picture has"),
    "edits unsorted": (put("document", "edits", value="AQAAAAAAAP8BAAAAAAAAAP8B"), "makes no sense"),
    "bookmark twice": (lambda told: told["document"]["bookmarks"].append(told["document"]["bookmarks"][0]), "the same"),
    "score too high": (put("document", "bookmarks", 0, "score", value=101), "score is out of range"),
    "no sprite": (put("document", "bookmarks", 0, "sprite", value="lunar.json"), "a sprite that is not there"),
    "sprite elsewhere": (put("document", "bookmarks", 0, "sprite", value="../../etc/passwd"), "not there"),
    "document a list": (put("document", value=[]), "document has no named parts"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_makes_no_sense_is_refused_with_its_reason(case: str) -> None:
    change, reason = HOSTILE[case]
    with pytest.raises(ProjectError, match=reason.replace("(", r"\(")) as refused:
        from_bytes(changed(change), "evil.lunar")
    assert "“evil.lunar”" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("history", "steps", 0, "undo", value=[]), "step 1 does not say"),
        (put("history", "steps", 2, "undo", value=[{"do": "remove-bookmark", "bookmark_id": "gone"}]), "step 3 cannot"),
        (put("history", "steps", 0, "undo", value=[{"do": "rm -rf"}]), "does not know"),
        (put("history", "steps", 7, "redo", value=[]), "step 8 does not say"),
        (put("history", "position", value=99), "no position 99"),
        (put("history", "position", value=-1), "no position -1"),
        (put("history", value=None), "history is not told"),
        (put("history", "steps", value={"0": 1}), "history.steps is no list"),
    ],
)
def test_a_history_that_cannot_be_undone_is_left_out_and_said(change: Callable[[Any], None], reason: str) -> None:
    again, lost = from_bytes(changed(change), "x.lunar")
    assert reason in lost
    assert again.session == Snapshot(lived().document)


def test_numbers_that_are_none_are_refused() -> None:
    members = parts()
    for bad in (np.nan, np.inf):
        numbers = np.frombuffer(members["latents.f32"], "<f4").copy()
        numbers[3] = bad
        with pytest.raises(ProjectError, match="not all numbers"):
            from_bytes(packed(members | {"latents.f32": numbers.tobytes()}), "x")
    words = members["lunar.json"].replace(b'"seed":48', b'"seed":NaN')
    with pytest.raises(ProjectError, match="no JSON"):
        from_bytes(packed(members | {"lunar.json": words}), "x")


@pytest.mark.parametrize("name", ["lunar.json", "latents.f32", "sprites/0.png"])
def test_a_part_that_is_missing_or_cut_off_is_missed(name: str) -> None:
    members = parts()
    with pytest.raises(ProjectError):
        from_bytes(packed({key: content for key, content in members.items() if key != name}), "x")
    with pytest.raises(ProjectError):
        from_bytes(packed(members | {name: members[name][: len(members[name]) // 2]}), "x")


def test_a_bomb_is_not_unpacked() -> None:
    members = parts() | {"latents.f32": bytes(2**27)}
    data = packed(members)
    assert len(data) < 2**20
    with pytest.raises(ProjectError, match="larger than any of ours"):
        from_bytes(data, "x")


def test_a_deep_text_and_an_empty_one_are_no_json() -> None:
    for words in (b"[" * 100_000, b"", b"\xff", b"[]"):
        with pytest.raises(ProjectError):
            from_bytes(packed(parts() | {"lunar.json": words}), "x")


def test_two_parts_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(to_bytes(project()))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("lunar.json", b"{}")
    with pytest.raises(ProjectError, match="two of one name"):
        from_bytes(buffer.getvalue(), "x")


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_opened_whole_or_refused(at: int, noise: bytes) -> None:
    good = to_bytes(project())
    at %= len(good)
    damaged = good[:at] + noise + good[at + len(noise) :]
    try:
        again, _ = from_bytes(damaged, "x")
    except ProjectError:
        return
    check(again.session)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ProjectError):
        from_bytes(data, "x")
    with pytest.raises(ProjectError):
        from_bytes(b"PK\x03\x04" + data, "x")


def test_a_session_refuses_a_history_of_another_document() -> None:
    step = Step(Entry("Paint", ""), None, (AddBookmark(bookmark("a", HERE)),))
    with pytest.raises(ValueError, match="step 1 cannot"):
        Session().restore(Snapshot(replace(BEGUN, bookmarks=(bookmark("a", HERE),)), (step,), 1))


def test_an_overlay_of_many_pixels_comes_back() -> None:
    overlay = Overlay.painted([(x, y) for x in range(128) for y in range(128)], (1, 2, 3, 4), pinned=False)
    again, _ = from_bytes(to_bytes(Project(Snapshot(replace(BEGUN, edits=overlay)), MODEL)), "x")
    assert again.session.document.edits == overlay


@pytest.mark.parametrize(
    "changes",
    [
        {"current": "nobody"},
        {"generations": [{"id": "g", "parents": [0], "seed": 1, "strength": 0.5, "parent": "g"}]},
        {"generations": [{"id": "g", "parents": [0], "seed": 1, "strength": 0.5, "count": 10**6}]},
        {"generations": [{"id": "g", "parents": [0], "seed": 1, "strength": 0.5, "kept": [36]}]},
        {"generations": [{"id": "g", "parents": [0], "seed": 1, "strength": 0.5, "share": "souls"}]},
        {"generations": [{"id": "g", "parents": [99], "seed": 1, "strength": 0.5}]},
        {"generations": [{"id": "g", "parents": [0], "seed": 1, "strength": 0.5, "growth": 3}]},
    ],
)
def test_a_tree_of_generations_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProjectError, match=r"document\.breeding"):
        from_bytes(changed(put("document", "breeding", value=changes)), "x.lunar")


@pytest.mark.parametrize(("told", "growth"), [({}, 1), ({"growth": 2}, 2)])
def test_generations_of_before_say_nothing_of_their_growth(told: dict[str, Any], growth: int) -> None:
    one = {"id": "g", "parents": [0], "seed": 1, "strength": 0.5, **told}
    again, _ = from_bytes(changed(put("document", "breeding", value={"generations": [one]})), "x.lunar")
    (found,) = again.session.document.breeding.generations
    assert found.growth == growth


def test_generations_of_another_model_are_refused() -> None:
    foreign = BreedingTree((Generation("g", (Latent([1, 2]),), 1, 0.5),))
    with pytest.raises(ProjectError, match="do not have the 4 numbers"):
        from_bytes(to_bytes(Project(Snapshot(replace(BEGUN, breeding=foreign)), MODEL)), "x.lunar")
