"""The credits text: what the card says of art and licence, whatever else the card holds."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.credits import HEADING, credits_text
from lunar_studio.core.model_info import ModelInfo


def info(card: Mapping[str, object], name: str = "Dungeon 32") -> ModelInfo:
    return ModelInfo(name, "sprite", "sprite-32", 1, {"vae": 1}, 32, 4, 8, "ab" * 32, card=card)


def test_art_count_digest_and_licences_are_told() -> None:
    card = {"art": "dcss-cc0", "sprites": 3050, "art_digest": "77f", "art_licence": "CC0 1.0\n\nDrawn by:\n  Anna"}
    text = credits_text(info(card))
    assert text.startswith(HEADING + "\n")
    for told in ("Dungeon 32", "ab" * 32, "dcss-cc0, 3,050 sprites", "77f", "CC0 1.0\n\nDrawn by:\n  Anna"):
        assert told in text
    assert text.endswith("Anna\n")


def test_a_card_that_is_silent_is_told_as_such() -> None:
    assert "does not say what art" in credits_text(info({}))
    assert "No licence came with that art" in credits_text(info({"art": "mine"}))


def test_cards_that_name_art_and_licence_together_are_read_too() -> None:
    text = credits_text(info({"art": {"name": "drawn for tests", "licence": "CC0-1.0"}}))
    assert "trained on: drawn for tests." in text
    assert text.endswith("CC0-1.0\n")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("art", "sprites", "art_digest", "art_licence"), json_values)))
def test_whatever_a_card_holds_gives_a_text_of_printable_lines(card: dict[str, object]) -> None:
    text = credits_text(info(card))
    assert text.startswith(HEADING)
    assert all(line.isprintable() for line in text.split("\n"))


def test_an_endless_licence_is_cut_and_control_characters_are_left_out() -> None:
    text = credits_text(info({"art": "a\x1b[31m\nb", "art_licence": "x" * 10**6}))
    assert len(text) <= 100_001
    assert "\x1b" not in text
    assert "trained on: a[31mb." in text


def test_sprites_of_other_models_are_not_claimed_for_this_one() -> None:
    assert "1 of the sprites was drawn with another model" in credits_text(info({}), others=1)
    assert "12 of the sprites were drawn with another model" in credits_text(info({}), others=12)
    assert "another model" not in credits_text(info({}))
