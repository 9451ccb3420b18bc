"""Values as JSON: every command by its name, directions too, and nothing of a kind that no document holds."""

from __future__ import annotations

from typing import get_args

import pytest

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.codec import command_name, decode, encode
from lunar_studio.session.commands import Command, MoveSlider
from lunar_studio.session.overlay_text import Unreadable
from tests.session.edits import DIRECTIONS


class Tables:
    """Latents in a list; there are no sprites."""

    def __init__(self) -> None:
        self.latents: list[Latent] = []

    def put_latent(self, latent: Latent) -> int:
        self.latents.append(latent)
        return len(self.latents) - 1

    def put_sprite(self, sprite: Sprite) -> str:
        raise AssertionError(sprite)

    def latent(self, number: int) -> Latent:
        return self.latents[number]

    def sprite(self, name: str) -> Sprite:
        raise LookupError(name)


def test_every_command_has_a_name_of_its_own() -> None:
    names = [command_name(kind) for kind in get_args(Command)]
    assert len(set(names)) == len(names)
    assert {"put-latent", "patch-edits", "set-latent", "add-bookmark"} <= set(names)


def test_a_direction_comes_back_with_its_axis() -> None:
    tables = Tables()
    told = encode(MoveSlider(DIRECTIONS[1], 0.5, "fat"), tables)
    again = decode(Command, told, tables, "x")
    assert isinstance(again, MoveSlider)
    assert (again.position, again.label, again.direction.name) == (0.5, "fat", "upright")
    assert (again.direction.axis_L == DIRECTIONS[1].axis_L).all()


@pytest.mark.parametrize(("field", "value"), [("group", "evil"), ("sigma", 0), ("axis_L", 7), ("sigma", None)])
def test_a_direction_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    tables = Tables()
    told = encode(DIRECTIONS[0], tables)
    with pytest.raises(Unreadable, match="here"):
        decode(Direction, told | {field: value}, tables, "here")


def test_what_no_document_holds_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="cannot hold a set"):
        encode({1, 2}, Tables())
    with pytest.raises(TypeError, match="cannot hold"):
        decode(list[int], [1], Tables(), "x")
