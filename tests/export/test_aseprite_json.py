"""The sheet description: what Aseprite writes, read back exactly, and hostile files refused."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.sheet import Clip, Frame, PlacedFrame, Rect
from lunar_studio.errors import ExportError
from lunar_studio.export.aseprite_json import MAX_FILE_BYTES, Form, SheetDescription, describe, from_json, to_json
from lunar_studio.export.sheets import MAX_FRAMES, Layout, lay_out
from tests.export.drawn import frames, sprite

FORMS: list[Form] = ["hash", "array"]

KNIGHT = SheetDescription(
    "knight.png",
    (64, 32),
    (
        PlacedFrame("knight 0", Rect(0, 0, 32, 32), Rect(0, 0, 32, 32), (32, 32), 100),
        PlacedFrame("knight 1", Rect(32, 4, 24, 20), Rect(3, 5, 24, 20), (32, 32), 250),
    ),
    (Clip("walk", 0, 1, "pingpong"),),
)


def document(form: Form = "hash") -> dict[str, Any]:
    """The knight's file as Python values."""
    written: dict[str, Any] = json.loads(to_json(KNIGHT, form=form))
    return written


def raw(values: object) -> bytes:
    """Python values as a file."""
    return json.dumps(values).encode()


def test_the_hash_form_is_what_aseprite_writes() -> None:
    written = document()
    assert list(written) == ["frames", "meta"]
    assert list(written["frames"]) == ["knight 0", "knight 1"]
    frame = written["frames"]["knight 1"]
    assert frame == {
        "frame": {"x": 32, "y": 4, "w": 24, "h": 20},
        "rotated": False,
        "trimmed": True,
        "spriteSourceSize": {"x": 3, "y": 5, "w": 24, "h": 20},
        "sourceSize": {"w": 32, "h": 32},
        "duration": 250,
    }
    assert list(frame) == ["frame", "rotated", "trimmed", "spriteSourceSize", "sourceSize", "duration"]
    assert written["frames"]["knight 0"]["trimmed"] is False
    meta = written["meta"]
    assert list(meta) == [
        "app", "version", "image", "format", "size", "scale", "frameTags", "layers", "slices",
    ]  # fmt: skip
    assert (meta["image"], meta["format"], meta["size"]) == ("knight.png", "RGBA8888", {"w": 64, "h": 32})
    assert meta["scale"] == "1"
    assert meta["frameTags"] == [{"name": "walk", "from": 0, "to": 1, "direction": "pingpong", "color": "#000000ff"}]
    assert meta["slices"] == []


def test_the_array_form_carries_names_in_the_frames() -> None:
    written = document("array")
    assert [frame["filename"] for frame in written["frames"]] == ["knight 0", "knight 1"]
    assert next(iter(written["frames"][0])) == "filename"
    assert written["meta"] == document("hash")["meta"]


def test_the_scale_is_said() -> None:
    assert json.loads(to_json(KNIGHT, scale=4))["meta"]["scale"] == "4"


@pytest.mark.parametrize("form", FORMS)
@given(drawn=frames(), trim=st.booleans())
def test_what_is_written_is_read(form: Form, drawn: tuple[Frame, ...], trim: bool) -> None:
    clips = (Clip("all", 0, len(drawn) - 1, "reverse"),)
    described = describe(lay_out(drawn, Layout(trim=trim, padding_px=1), clips), "sheet.png")
    written = to_json(described, form=form)
    assert from_json(written) == described
    assert to_json(from_json(written), form=form) == written


@pytest.mark.parametrize("name", ["sla/sh", 'quo"te', "史莱姆", "\u2028", "__proto__"])
def test_any_name_survives(name: str) -> None:
    described = describe(lay_out([Frame(sprite(1), name)]), "x.png")
    for form in FORMS:
        assert from_json(to_json(described, form=form)).frames[0].name == name


def test_fields_of_newer_versions_are_passed_over() -> None:
    written = document()
    written["meta"]["layers"] = [{"name": "L", "cels": [{}]}]
    written["meta"]["grid"] = 16
    written["frames"]["knight 0"]["pivot"] = {"x": 0.5}
    assert from_json(raw(written)) == KNIGHT


def test_a_file_without_tags_is_read() -> None:
    written = document()
    del written["meta"]["frameTags"]
    assert from_json(raw(written)).clips == ()


CHANGES: list[tuple[str, tuple[object, ...], object]] = [
    ("out of bounds", ("frames", "knight 1", "frame", "x"), 60),
    ("out of bounds", ("frames", "knight 1", "frame", "y"), 20),
    ("out of bounds", ("frames", "knight 1", "frame", "w"), 25),
    ("out of bounds", ("frames", "knight 1", "spriteSourceSize", "y"), 13),
    ("out of bounds", ("frames", "knight 1", "sourceSize", "w"), 26),
    ("rotated", ("frames", "knight 1", "rotated"), True),
    ("`int` >= 0", ("frames", "knight 1", "frame", "x"), -1),
    ("`int` >= 1", ("frames", "knight 1", "frame", "h"), 0),
    ("`int` >= 1", ("frames", "knight 1", "duration"), 0),
    ("`int`", ("frames", "knight 1", "frame", "x"), 1.5),
    ("`int`", ("frames", "knight 1", "frame", "x"), "1"),
    ("`int` <= 65535", ("meta", "size", "w"), 10**12),
    ("`bool`", ("frames", "knight 1", "rotated"), None),
    ("`object`", ("frames", "knight 1"), []),
    ("frames", ("frames",), {}),
    ("frames", ("frames",), []),
    ("frames", ("frames",), 3),
    ("tag", ("meta", "frameTags", 0, "to"), 2),
    ("tag", ("meta", "frameTags", 0, "from"), 2),
    ("direction", ("meta", "frameTags", 0, "direction"), "sideways"),
    ("image", ("meta", "image"), "x" * 2000),
    ("meta", ("meta",), None),
]


@pytest.mark.parametrize(("reason", "path", "value"), CHANGES, ids=lambda value: repr(value)[:40])
def test_a_description_that_lies_is_refused(reason: str, path: tuple[Any, ...], value: object) -> None:
    written = deepcopy(document())
    place: Any = written
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ExportError) as caught:
        from_json(raw(written))
    assert reason in caught.value.message
    assert len(caught.value.message) < 400


def test_two_frames_of_one_name_are_refused() -> None:
    written = document("array")
    written["frames"][1]["filename"] = "knight 0"
    with pytest.raises(ExportError, match="one name"):
        from_json(raw(written))


def test_more_frames_than_a_sheet_can_have_are_refused() -> None:
    written = document("array")
    written["frames"] = [{**written["frames"][0], "filename": str(index)} for index in range(MAX_FRAMES + 1)]
    with pytest.raises(ExportError, match="length <= 65536"):
        from_json(json.dumps(written, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\x00", b"null", b"[]", b"{", b"[" * 200_000, b" " * (MAX_FILE_BYTES + 1)],
    ids=["empty", "not text", "null", "list", "cut off", "deep", "giant"],
)
def test_what_is_no_description_is_refused(content: bytes) -> None:
    with pytest.raises(ExportError) as caught:
        from_json(content)
    assert caught.value.hint


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=6))
def test_damage_is_refused_or_harmless(place: int, bite: bytes) -> None:
    written = to_json(KNIGHT)
    damaged = written[: place % len(written)] + bite + written[place % len(written) + len(bite) :]
    try:
        description = from_json(damaged)
    except ExportError:
        return
    width, height = description.size
    assert all(
        frame.rect.x + frame.rect.width <= width and frame.rect.y + frame.rect.height <= height
        for frame in description.frames
    )
