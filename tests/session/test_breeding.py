"""Breeding: children grow from their generation to the last bit, locks hold, and the tree stays a tree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.blending import LatentParts
from lunar_studio.core.latent import Direction, Latent, raw_directions
from lunar_studio.session.breeding import GROWTH, BreedingTree, Generation, Share
from lunar_studio.session.breeding_commands import AddGeneration, GoToGeneration, MarkChildren, RemoveGeneration
from lunar_studio.session.commands import apply
from lunar_studio.session.document import Document
from lunar_studio.session.history import Session
from lunar_studio.session.offspring import another_child, children

LENGTH = 20
PARTS = LatentParts(palette=6, invented=16)
EYE = np.eye(LENGTH, dtype=np.float32)
DIRECTIONS = tuple(
    Direction(f"{group}/{index}", f"{group} {index}", group, EYE[axis], sigma=2.0)  # type: ignore[arg-type]
    for group, axes in (("shape", range(6, 12)), ("colour", range(4)))
    for index, axis in enumerate(axes)
)


def latent(seed: int) -> Latent:
    return Latent(np.random.default_rng(seed).normal(0, 1, LENGTH))


def generation(parents: int = 1, share: Share = "all", held: tuple[str, ...] = (), seed: int = 7) -> Generation:
    return Generation("g1", tuple(latent(index) for index in range(parents)), seed, 0.5, share, 12, held=held)


# ---- children ------------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.sampled_from(["all", "colours", "shape"]), st.integers(0, 99), st.integers(1, 12))
def test_children_grow_from_seed_and_number_alone(parents: int, share: Share, seed: int, fewer: int) -> None:
    bred = generation(parents, share, seed=seed)
    all_of_them = children(bred, DIRECTIONS, PARTS)
    assert len(set(all_of_them)) == 12
    assert children(replace(bred, count=fewer), DIRECTIONS, PARTS) == all_of_them[:fewer]
    assert children(replace(bred, seed=seed + 1), DIRECTIONS, PARTS)[0] != all_of_them[0]


@given(st.integers(1, 4), st.integers(0, 99))
def test_colours_only_leaves_a_parents_shape_and_shape_only_its_colours(parents: int, seed: int) -> None:
    bred = generation(parents, "colours", seed=seed)
    shapes = {parent.values_L[6:].tobytes() for parent in bred.parents}
    for child in children(bred, DIRECTIONS, PARTS):
        assert child.values_L[6:].tobytes() in shapes
    palettes = {parent.values_L[:6].tobytes() for parent in bred.parents}
    for child in children(replace(bred, share="shape"), DIRECTIONS, PARTS):
        assert child.values_L[:6].tobytes() in palettes


@given(st.integers(1, 4), st.integers(0, 99))
def test_locked_sliders_stand_as_in_the_first_parent(parents: int, seed: int) -> None:
    held = (DIRECTIONS[0], DIRECTIONS[7])
    bred = generation(parents, held=tuple(one.id for one in held), seed=seed)
    for child in children(bred, DIRECTIONS, PARTS):
        for direction in held:
            assert direction.position(child) == pytest.approx(direction.position(bred.parents[0]), abs=1e-5)


def test_strength_is_the_spread_of_the_steps() -> None:
    bred = replace(generation(), count=64, strength=0.25)
    steps = np.stack([child.values_L - bred.parents[0].values_L for child in children(bred, DIRECTIONS, PARTS)])
    assert steps[:, 6:12].std() == pytest.approx(0.25 * 2.0, rel=0.15)
    assert not steps[:, 12:].any(), "no direction leads there"


@given(st.integers(1, 4), st.sampled_from(["all", "colours", "shape"]), st.integers(0, 99), st.integers(0, 11))
def test_another_child_grows_from_seed_number_and_attempt_and_by_the_same_rules(
    parents: int, share: Share, seed: int, index: int
) -> None:
    held = DIRECTIONS[0]
    bred = generation(parents, share, (held.id,), seed)
    others = [another_child(bred, DIRECTIONS, PARTS, index, attempt) for attempt in range(3)]
    assert len({children(bred, DIRECTIONS, PARTS)[index], *others}) == 4
    assert another_child(replace(bred, count=index + 1), DIRECTIONS, PARTS, index, 1) == others[1]
    shapes = {parent.values_L[6:].tobytes() for parent in bred.parents}
    for other in others:
        assert held.position(other) == pytest.approx(held.position(bred.parents[0]), abs=1e-5)
        if share == "colours" and parents == 1:
            assert other.values_L[6:].tobytes() in shapes


def test_locked_raw_numbers_stay_but_not_in_generations_of_before() -> None:
    raw = raw_directions(LENGTH)[8]
    along = (*DIRECTIONS, raw)
    bred = replace(generation(2, held=(raw.id,)), growth=GROWTH)
    first = bred.parents[0].values_L
    assert [child.values_L[8] for child in children(bred, along, PARTS)] == pytest.approx([first[8]] * 12)
    before = replace(bred, growth=1)
    assert children(before, along, PARTS) == children(replace(before, held=()), DIRECTIONS, PARTS)


@pytest.mark.parametrize(
    ("bred", "numbers"),
    [
        (generation(), [1.739, 2.578, 1.527, -2.182, 1.043]),
        (generation(3, "colours"), [-0.481, -1.452, -0.537, 0.294, -0.257]),
        (generation(2, "shape", ("shape/0",)), [0.346, -1.303, 1.304, -0.908, 0.609]),
    ],
)
def test_children_in_projects_of_before_are_what_they_were(bred: Generation, numbers: list[float]) -> None:
    grown = children(bred, DIRECTIONS, PARTS)[5].values_L[[0, 3, 6, 9, 19]]
    assert grown.tolist() == pytest.approx(numbers, abs=1e-3)


# ---- the tree ------------------------------------------------------------------------------------------


def tree_of(*links: tuple[str, str]) -> BreedingTree:
    return BreedingTree(tuple(replace(generation(), id=name, parent=parent) for name, parent in links), links[-1][0])


def test_branches_stay_when_another_is_bred() -> None:
    session = Session(Document(latent=latent(0), anchor=latent(0)))
    session.do(AddGeneration(replace(generation(), id="a")))
    session.do(AddGeneration(replace(generation(), id="b", parent="a")))
    session.do(GoToGeneration("a", 1))
    session.do(AddGeneration(replace(generation(), id="c", parent="a")))
    tree = session.document.breeding
    assert [one.id for one in tree.generations] == ["a", "b", "c"]
    assert tree.current == "c"
    assert [tree.depth(name) for name in "abc"] == [0, 1, 1]
    assert [tree.is_leaf(name) for name in "abc"] == [False, True, True]
    session.undo()
    session.undo()
    assert session.document.breeding.current == "b"


def test_marks_of_one_generation_are_one_step() -> None:
    session = Session(Document(latent=latent(0), anchor=latent(0)))
    session.do(AddGeneration(generation()))
    for kept in ((3,), (3, 5), (5,)):
        session.do(MarkChildren("g1", kept), merge="marks/g1")
    assert len(session.entries) == 2
    assert len(session.snapshot().steps[1].undo) == 1
    session.undo()
    assert session.document.breeding.generation("g1").kept == ()
    session.redo()
    assert session.document.breeding.generation("g1").kept == (5,)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (AddGeneration(replace(generation(), id="b")), "twice"),
        (AddGeneration(replace(generation(), id="x", parent="nobody")), "nowhere"),
        (AddGeneration(replace(generation(), id="x", parent="c"), 0), "nowhere"),
        (AddGeneration(replace(generation(), id="x"), 9), "no place"),
        (AddGeneration(Generation("x", (Latent([1, 2]),), 0, 0.5)), "another model"),
        (RemoveGeneration("a", "b"), "nowhere"),
        (RemoveGeneration("c", "c"), "no generation"),
        (RemoveGeneration("nobody"), "no generation"),
        (GoToGeneration("nobody"), "no generation"),
        (MarkChildren("a", (12,)), "keeps children"),
        (MarkChildren("nobody", ()), "no generation"),
    ],
)
def test_what_would_break_the_tree_is_refused(command: AddGeneration, reason: str) -> None:
    document = Document(latent=latent(0), anchor=latent(0), breeding=tree_of(("a", ""), ("b", "a"), ("c", "b")))
    with pytest.raises(ValueError, match=reason):
        apply(document, command)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"strength": 0.0}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"seed": -1}, "seed"),
        ({"count": 65}, "children"),
        ({"count": 0}, "children"),
        ({"parents": ()}, "parents"),
        ({"parents": (latent(1),) * 65}, "parents"),
        ({"parents": (latent(1), Latent([1]))}, "different models"),
        ({"kept": (2, 1)}, "order"),
        ({"kept": (1, 1)}, "order"),
        ({"id": ""}, "no name"),
        ({"growth": 0}, "unknown rules"),
        ({"growth": GROWTH + 1}, "unknown rules"),
    ],
)
def test_generations_that_make_no_sense_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(generation(), **changes)  # type: ignore[arg-type]


def test_a_tree_does_not_grow_without_end() -> None:
    with pytest.raises(ValueError, match="more than 500"):
        BreedingTree(tuple(replace(generation(), id=f"g{number}") for number in range(501)))


def test_new_ids_are_new() -> None:
    tree = tree_of(("generation-2", ""))
    assert tree.new_id() == "generation-3"
    assert BreedingTree().new_id() == "generation-1"
