"""Captions become embeddings: repeatably, with neighbours where they should be, and honest about strangers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.models import words
from lunar_studio.models.words import MAX_LETTERS, MAX_WORDS, Vocabulary, words_of

CAPTIONS = ["blue potion", "red potion", "blue potion", "red dragon", "green dragon", "stone wall", "stone floor", ""]


def test_words() -> None:
    assert words_of("The Blue_potion of 3 fire-balls, a ÉPÉE") == ["blue", "potion", "fire", "balls", "épée"]
    assert words_of("") == []
    assert words_of("x " + "y" * (MAX_LETTERS + 1)) == []


def test_fitting_twice_gives_the_same() -> None:
    one, two = Vocabulary.fit(CAPTIONS, 6), Vocabulary.fit(list(CAPTIONS), 6)
    assert one.words == two.words
    assert torch.equal(one.vectors_VD, two.vectors_VD)
    assert one.words[:3] == ("potion", "blue", "dragon"), "by frequency, then by alphabet"


def test_captions_that_share_words_are_neighbours() -> None:
    vocabulary = Vocabulary.fit(CAPTIONS, 8)
    blue, red, wall = (vocabulary.embed(text) for text in ("blue potion", "red potion", "stone wall"))
    assert float(blue @ red) > 0.2
    assert float(blue @ red) > float(blue @ wall) + 0.2
    assert float(vocabulary.embed("potion blue") @ blue) == pytest.approx(1.0, abs=1e-5)


@given(st.lists(st.text(max_size=30), max_size=12), st.text(max_size=30), st.integers(1, 12))
def test_any_text_embeds_to_a_unit_vector_or_to_nothing(captions: list[str], prompt: str, dim: int) -> None:
    vocabulary = Vocabulary.fit(captions, dim)
    assert vocabulary.vectors_VD.shape == (len(vocabulary.words), dim)
    assert bool(torch.isfinite(vocabulary.vectors_VD).all())
    vector = vocabulary.embed(prompt)
    assert vector.shape == (dim,)
    known = set(words_of(prompt)) & set(vocabulary.words)
    length = float(vector.norm())
    assert length == pytest.approx(1.0, abs=1e-4) or length < 1e-4
    if not known:
        assert length == 0.0
    assert set(vocabulary.unknown(prompt)) == set(words_of(prompt)) - known


def test_captions_are_told_apart_when_there_is_room() -> None:
    vocabulary = Vocabulary.fit(CAPTIONS, 16)
    embedded = vocabulary.embed_all(CAPTIONS)
    assert embedded.shape == (8, 16)
    assert not bool(embedded[-1].any()), "an empty caption says nothing"
    for i in range(7):
        assert float(embedded[i].norm()) == pytest.approx(1.0, abs=1e-5)
        for j in range(i):
            same = CAPTIONS[i] == CAPTIONS[j]
            assert (float(embedded[i] @ embedded[j]) > 0.999) == same


def test_unknown_words_are_named_and_do_not_matter() -> None:
    vocabulary = Vocabulary.fit(CAPTIONS, 8)
    assert vocabulary.unknown("a blue spaceship potion") == ("spaceship",)
    assert torch.equal(vocabulary.embed("blue spaceship potion"), vocabulary.embed("blue potion"))
    assert not bool(vocabulary.embed("spaceship").any())


def test_no_captions_at_all() -> None:
    for captions in ([], ["", "the of"]):
        vocabulary = Vocabulary.fit(captions, 5)
        assert vocabulary.words == ()
        assert vocabulary.embed("anything").tolist() == [0.0] * 5
        assert vocabulary.embed_all(captions).shape == (len(captions), 5)


def test_rare_words_of_many_captions_are_left_out_and_parts_make_the_whole() -> None:
    captions = [f"{'red' if i % 2 else 'blue'} thing" for i in range(2500)] + ["unique"]
    vocabulary = Vocabulary.fit(captions, 4)
    assert vocabulary.words == ("thing", "blue", "red")
    # The sum over parts of 1,024 rows is the whole table's: compare with the definition.
    table = torch.tensor([[1.0, i % 2 == 0, i % 2 == 1] for i in range(2500)], dtype=torch.float64)
    rarity = torch.log(2502 / (1 + table.sum(dim=0))) + 1
    weighted = torch.nn.functional.normalize(table * rarity, dim=1)
    _, axes = torch.linalg.eigh(weighted.T @ weighted)
    wanted = (axes.flip(1) * rarity[:, None]).abs().float()
    torch.testing.assert_close(vocabulary.vectors_VD[:, :3].abs(), wanted, atol=1e-5, rtol=1e-5)
    assert not bool(vocabulary.vectors_VD[:, 3].any()), "padded with zeros"


def test_the_most_frequent_words_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{a}{b}{c}" for a in letters for b in letters for c in letters[:7]][: MAX_WORDS + 50]
    counted = dict.fromkeys(names, 2)
    counted["zzz"] = 3
    captions = [word for word, times in counted.items() for _ in range(times)]
    kept = sorted(counted, key=lambda word: (-counted[word], word))[:8]
    monkeypatch.setattr(words, "MAX_WORDS", 8)  # thousands take seconds to factorise
    assert list(Vocabulary.fit(captions, 3).words) == kept
