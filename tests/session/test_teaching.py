"""Sliders from examples: the direction points from less to more, and the strength is honest about chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.errors import ProjectError
from lunar_studio.session.commands import apply
from lunar_studio.session.document import MOST_TAUGHT, Document
from lunar_studio.session.history import Snapshot
from lunar_studio.session.project import ModelReference, Project, from_bytes, to_bytes
from lunar_studio.session.teaching import TaughtSlider, learned, strength
from lunar_studio.session.teaching_commands import AddSlider, RemoveSlider

LENGTH = 40
EYE = np.eye(LENGTH, dtype=np.float32)
DIRECTIONS = tuple(
    Direction(f"{group}/{axis}", f"{group} {axis}", group, EYE[axis], centre=0.5, sigma=2.0)  # type: ignore[arg-type]
    for group, axes in (("shape", range(20)), ("colour", range(20, 30)))
    for axis in axes
)


def examples(count: int, offset: float, axis: int, seed: int) -> list[Latent]:
    """Latents like training art, moved along one axis by so many standard deviations."""
    values = np.random.default_rng(seed).normal(0.5, 2.0, (count, LENGTH))
    values[:, axis] += 2.0 * offset
    return [Latent(row) for row in values]


def slider(slider_id: str = "yours/1") -> TaughtSlider:
    return TaughtSlider(slider_id, "spiky", Latent(EYE[3]), 0.5, 2.0, 0.9, 5, 5)


@given(st.integers(0, 29), st.integers(0, 30))
def test_what_sets_the_examples_apart_is_found(axis: int, seed: int) -> None:
    lesson = learned(examples(20, 4, axis, seed), examples(20, -4, axis, seed + 1000), DIRECTIONS)
    assert lesson is not None
    assert lesson.axis.values_L[axis] > 0.9
    assert lesson.accuracy > 0.95
    assert lesson.sigma == pytest.approx(2.0, rel=0.01)
    assert np.linalg.norm(lesson.axis.values_L) == pytest.approx(1, abs=1e-5)
    assert not lesson.axis.values_L[30:].any(), "what the training art never does is not learned"


def test_chance_is_not_called_strong() -> None:
    lessons = [learned(examples(5, 0, 0, seed), examples(5, 0, 0, seed + 500), DIRECTIONS) for seed in range(60)]
    accuracies = [lesson.accuracy for lesson in lessons if lesson is not None]
    assert len(accuracies) == 60
    assert np.mean(accuracies) < 0.55
    assert sum(accuracy >= 0.85 for accuracy in accuracies) <= 3


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 99))
def test_turned_round_it_points_the_other_way(more: int, less: int, seed: int) -> None:
    high, low = examples(more, 1, 4, seed), examples(less, -1, 4, seed + 77)
    there, back = learned(high, low, DIRECTIONS), learned(low, high, DIRECTIONS)
    assert there is not None
    assert back is not None
    np.testing.assert_allclose(there.axis.values_L, -back.axis.values_L, atol=1e-6)
    assert there.accuracy == pytest.approx(back.accuracy)


def test_colours_or_shape_alone() -> None:
    high, low = examples(5, 2, 3, 1), examples(5, -2, 25, 2)
    colours, shape = (learned(high, low, DIRECTIONS, share) for share in ("colours", "shape"))
    assert colours is not None
    assert shape is not None
    assert not colours.axis.values_L[:20].any()
    assert not shape.axis.values_L[20:].any()


def test_examples_that_are_alike_teach_nothing() -> None:
    same = examples(3, 0, 0, 1)
    assert learned(same, same, DIRECTIONS) is None


@pytest.mark.parametrize(("more", "less"), [(1, 5), (5, 1), (0, 0), (41, 5)])
def test_too_few_or_too_many_are_refused(more: int, less: int) -> None:
    with pytest.raises(ValueError, match="examples of each kind"):
        learned(examples(more, 1, 0, 1), examples(less, 0, 0, 2), DIRECTIONS)


def test_examples_of_another_model_are_refused() -> None:
    with pytest.raises(ValueError, match="one model"):
        learned([Latent([1, 2])] * 2, examples(2, 0, 0, 2), DIRECTIONS)
    with pytest.raises(ValueError, match="one model"):
        learned(examples(2, 1, 0, 1), examples(2, 0, 0, 2), ())


def test_the_strength_is_said_honestly() -> None:
    assert strength(0.62, 5, 5) == "weak: 62 %"
    assert strength(0.8, 5, 5) == "fair: 80 %"
    assert strength(0.7, 5, 5) == "weak: 70 %"
    assert strength(0.9, 9, 9) == "strong: 90 %"
    assert strength(1.0, 2, 9) == "strong: 100 %, of few examples"


# ---- in the document -----------------------------------------------------------------------------------


def test_a_slider_comes_and_goes_and_comes_back() -> None:
    begun = Document(latent=Latent(np.zeros(LENGTH)), anchor=Latent(np.zeros(LENGTH)))
    added, inverse = apply(begun, AddSlider(slider()))
    assert added.taught == (slider(),)
    assert added.taught[0].as_direction().group == "yours"
    assert apply(added, inverse)[0] == begun
    for command, reason in (
        (AddSlider(slider()), "already"),
        (AddSlider(slider("yours/2"), 5), "no place"),
        (RemoveSlider("yours/9"), "no slider"),
        (AddSlider(replace(slider("yours/2"), axis=Latent([1.0]))), "another model"),
    ):
        with pytest.raises(ValueError, match=reason):
            apply(added, command)
    full = replace(begun, taught=tuple(slider(f"yours/{number}") for number in range(MOST_TAUGHT)))
    with pytest.raises(ValueError, match="no place"):
        apply(full, AddSlider(slider("yours/more")))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "shape/0"},
        {"axis": Latent(np.zeros(LENGTH))},
        {"sigma": 0.0},
        {"sigma": float("inf")},
        {"centre": float("nan")},
        {"accuracy": 1.5},
        {"more": 1},
    ],
)
def test_sliders_that_make_no_sense_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"slider|direction"):
        replace(slider(), **changes)  # type: ignore[arg-type]


def test_own_sliders_are_kept_in_the_project() -> None:
    here = Latent(np.zeros(LENGTH))
    document = Document(latent=here, anchor=here, model="m", taught=(slider(), slider("yours/2")))
    reference = ModelReference("m", latent_dim=LENGTH)
    again, lost = from_bytes(to_bytes(Project(Snapshot(document), reference)), "x")
    assert lost == ""
    assert again.session.document == document
    twice = replace(document, taught=(slider(), slider()))
    with pytest.raises(ProjectError, match="own sliders"):
        from_bytes(to_bytes(Project(Snapshot(twice), reference)), "x")
    foreign = replace(document, taught=(replace(slider(), axis=Latent([1.0])),))
    with pytest.raises(ProjectError, match="do not have"):
        from_bytes(to_bytes(Project(Snapshot(foreign), reference)), "x")
