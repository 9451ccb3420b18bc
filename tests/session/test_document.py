"""The document: what it derives, what it keeps, and locks that hold."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent, raw_directions
from lunar_studio.session.commands import LockSlider
from lunar_studio.session.document import Document, with_locks
from tests.session.edits import DIRECTIONS, bookmark, direction, latents

SOMEWHERE = Latent([1, 2, 3, 4])


def test_a_new_document_is_empty() -> None:
    document = Document()
    assert document.latent is None
    assert document.compared is None
    assert document.bookmarks == ()


def test_before_is_the_anchor_until_chosen() -> None:
    document = Document(latent=SOMEWHERE, anchor=Latent([0, 0, 0, 0]))
    assert document.compared == document.anchor
    chosen = Document(latent=SOMEWHERE, anchor=document.anchor, before=SOMEWHERE)
    assert chosen.compared == SOMEWHERE


def test_slider_names_are_the_artists_or_the_directions() -> None:
    document = Document(slider_names={"shape/0": "fat"})
    assert document.slider_name(DIRECTIONS[0]) == "fat"
    assert document.slider_name(DIRECTIONS[1]) == "upright"


def test_slider_names_cannot_be_changed_from_outside() -> None:
    names = {"shape/0": "fat"}
    document = Document(slider_names=names)
    names["shape/0"] = "thin"
    assert document.slider_names == {"shape/0": "fat"}
    with pytest.raises(TypeError):
        document.slider_names["shape/0"] = "thin"  # type: ignore[index]


def test_documents_bookmarks_and_commands_are_frozen() -> None:
    for value in (Document(), bookmark("a", SOMEWHERE), LockSlider("shape/0")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, fields(value)[0].name, None)


def test_bookmarks_are_found_by_id() -> None:
    document = Document(bookmarks=(bookmark("a", SOMEWHERE), bookmark("b", SOMEWHERE, "Blue slime")))
    assert document.bookmark("b").name == "Blue slime"
    assert document.bookmark_index("b") == 1
    with pytest.raises(ValueError, match="'c'"):
        document.bookmark("c")


def test_another_model_keeps_bookmarks_only() -> None:
    kept = bookmark("a", SOMEWHERE)
    document = Document(
        latent=SOMEWHERE, anchor=SOMEWHERE, locked=frozenset({"shape/0"}), bookmarks=(kept,), model="old"
    )
    assert document.for_model("new") == Document(bookmarks=(kept,), model="new")


@given(latents, latents, st.lists(st.sampled_from(DIRECTIONS), unique_by=id))
def test_locked_sliders_stay_where_they_are(rolled: Latent, kept: Latent, locked: list[object]) -> None:
    held = [known for known in DIRECTIONS if any(known is one for one in locked)]
    result = with_locks(rolled, kept, held)
    for slider in held:
        assert slider.position(result) == pytest.approx(slider.position(kept), abs=1e-4)


@given(latents, latents)
def test_locks_move_the_latent_no_further_than_they_must(rolled: Latent, kept: Latent) -> None:
    slider = DIRECTIONS[1]
    step = with_locks(rolled, kept, [slider]).values_L - rolled.values_L
    across = step - (step @ slider.axis_L) * slider.axis_L
    assert np.abs(across).max() < 1e-4


def test_locks_hold_for_directions_that_depend_on_each_other() -> None:
    one, other = direction("yours/a", 1, 1, 0, 0), direction("yours/b", 1, 0, 0, 0)
    third = direction("yours/c", 2, 1, 0, 0)
    result = with_locks(Latent([9, -9, 5, 5]), SOMEWHERE, [one, other, third])
    np.testing.assert_allclose(result.values_L, [1, 2, 5, 5], atol=1e-5)


def test_all_raw_sliders_locked_leave_nothing_to_roll() -> None:
    np.testing.assert_allclose(
        with_locks(Latent([9, 8, 7, 6]), SOMEWHERE, raw_directions(4)).values_L, SOMEWHERE.values_L, atol=1e-6
    )


def test_no_locks_give_the_roll_itself() -> None:
    rolled = Latent([9, 8, 7, 6])
    assert with_locks(rolled, SOMEWHERE, []) is rolled


@pytest.mark.parametrize(
    ("rolled", "axes"), [(Latent([1, 2]), 4), (SOMEWHERE, 2)], ids=["latents differ", "a direction differs"]
)
def test_locks_refuse_what_belongs_to_another_model(rolled: Latent, axes: int) -> None:
    with pytest.raises(ValueError, match="different models"):
        with_locks(rolled, SOMEWHERE, raw_directions(axes))
