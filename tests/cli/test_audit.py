"""The audit: what stands out of a set is found with reasons, and a hostile name is only a name."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.cli import audit
from lunar_studio.cli.audit import Entry, Gathered, Measures
from lunar_studio.cli.audit_report import MOST_CARDS, html
from lunar_studio.core.score import ExpertScore, LintReport, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.damage import damage
from lunar_studio.pixels.files import read_sprites, write_png
from tests.cli.conftest import Run
from tests.pixels.drawn import blob

USUAL = Measures(32, 32, 12, 0.5, 0.5)
HOSTILE = '"><script>alert(1)</script>\u202e&amp;.png'


def entry(path: str = "a.png", value: float = 50.0, *, measures: Measures = USUAL, lint: float = 100.0) -> Entry:
    return Entry(path, measures, Score(value), LintReport((), lint), audit.picture(blob(1)))


def usual_set(count: int = 20) -> list[Entry]:
    rng = np.random.default_rng(0)
    return [
        entry(
            f"{at:02}.png",
            measures=replace(USUAL, colours=int(rng.integers(9, 16)), visible=float(rng.uniform(0.4, 0.6))),
        )
        for at in range(count)
    ]


class Page(HTMLParser):
    """What a browser would make of a page: tags with attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(entries: list[Entry], **changes: object) -> Page:
    told: dict[str, object] = {"title": "art", "summary": "Some.", "model": "Mine", "min_score": 40.0, "refused": ()}
    return Page(html(entries, **{**told, **changes}))  # type: ignore[arg-type]


# ---- reasons ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measures", "word"),
    [
        (replace(USUAL, colours=700), "700 colours"),
        (replace(USUAL, width=64, height=64), "64 × 64"),
        (replace(USUAL, visible=0.01), "far less"),
        (replace(USUAL, lightness=0.99), "much lighter"),
    ],
)
def test_what_lies_far_from_its_set_is_told(measures: Measures, word: str) -> None:
    entries = [*usual_set(), entry("odd.png", measures=measures)]
    audit.judge(entries, 0.0)
    assert audit.ranked(entries)[0].path == "odd.png"
    (reason,) = entries[-1].reasons
    assert word in reason
    assert all(not one.reasons for one in entries[:-1])
    assert not entries[-1].falls_short


def test_a_few_pictures_are_no_set() -> None:
    entries = [*usual_set(audit.SMALLEST_SET - 2), entry("odd.png", measures=replace(USUAL, colours=9999, width=5))]
    assert audit.judge(entries, 0.0) == {}
    assert not entries[-1].reasons


def test_a_set_of_many_sizes_has_no_odd_one() -> None:
    entries = [entry(f"{at}.png", measures=replace(USUAL, width=16 + at % 4)) for at in range(20)]
    audit.judge(entries, 0.0)
    assert not any(one.reasons for one in entries)


def test_a_low_score_falls_short_with_the_experts_that_say_so() -> None:
    experts = (ExpertScore("outline", 0.5, 2.0), ExpertScore("palette", 0.1, 1.0), ExpertScore("unity", 0.4, 60.0))
    low = replace(entry("low.png", 12.0), score=Score(12.0, experts))
    entries = [*usual_set(), low]
    audit.judge(entries, 40.0)
    assert low.falls_short
    assert low.reasons[0] == "It scores 12, below 40: 88 of 100 real sprites do better."
    assert [reason for reason in low.reasons if "expert" in reason] == [
        "Unlike real art to the expert for outline (2 of 100)."
    ]
    assert sum(one.falls_short for one in entries) == 1
    assert audit.summary(entries) == "21 pictures, median score 50; 1 falls short."


def test_without_a_teacher_the_lint_score_decides() -> None:
    entries = [entry("clean.png", math.nan), entry("dirty.png", math.nan, lint=30.0)]
    audit.judge(entries, 40.0)
    assert [one.falls_short for one in entries] == [False, True]
    assert "lint score is 30" in entries[1].reasons[0]
    assert "median lint score" in audit.summary(entries)


@given(
    score=st.floats(0, 100) | st.just(math.nan),
    lint=st.floats(0, 100),
    colours=st.integers(0, 10**6),
    worse=st.floats(0, 1),
)
def test_concern_is_bounded_and_never_falls_when_something_gets_worse(
    score: float, lint: float, colours: int, worse: float
) -> None:
    entries = [*usual_set(), entry("x", score, measures=replace(USUAL, colours=colours), lint=lint)]
    audit.judge(entries, 40.0)
    before = entries[-1].concern
    assert 0.0 <= before <= 100.0
    for changed in (entry("x", score * worse, measures=entries[-1].measures, lint=lint), replace(entries[-1])):
        changed.lint = LintReport((), lint * worse)
        again = [*usual_set(), changed]
        audit.judge(again, 40.0)
        assert changed.concern >= before - 1e-9


def test_measures_of_a_picture() -> None:
    pixels = np.zeros((4, 8, 4), np.uint8)
    pixels[:2] = (255, 255, 255, 255)
    found = Measures.of(Sprite(pixels))
    assert found.lightness == pytest.approx(1.0, abs=1e-6)
    assert replace(found, lightness=0.5) == Measures(8, 4, 1, 0.5, 0.5)
    assert Measures.of(Sprite(np.zeros((2, 2, 4), np.uint8))).lightness == 0.5


def test_the_worst_keep_their_pictures_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(entry().png)
    monkeypatch.setattr(audit, "MOST_PICTURES_BYTES", 10 * size)
    gathered = Gathered()
    for at in range(200):
        gathered.add(entry(f"{at}.png", float(at % 100)))
        assert sum(len(one.png) for one in gathered.entries) == gathered.held_bytes <= 10 * size
    kept = [one.score.value for one in gathered.entries if one.png]
    assert kept
    assert 0.0 in kept
    assert "no room for its picture" in page(gathered.entries).text


def test_a_large_picture_is_thinned_out() -> None:
    (small,) = read_sprites(audit.picture(Sprite(np.full((600, 40, 4), 255, np.uint8))))
    assert (small.width, small.height) == (14, 200)
    (same,) = read_sprites(audit.picture(blob(3)))
    assert same == blob(3)


# ---- the page -----------------------------------------------------------------------------------


def test_a_hostile_name_is_only_a_name() -> None:
    hostile = entry(HOSTILE)
    hostile.reasons = [HOSTILE]
    made = page([hostile], title=HOSTILE, model=HOSTILE, summary=HOSTILE, refused=[(HOSTILE, HOSTILE)])
    assert {tag for tag, _ in made.tags}.isdisjoint({"script", "iframe", "object", "link", "a", "form"})
    assert made.text.count(HOSTILE) >= 6
    assert not [name for _, attributes in made.tags for name in attributes if name.startswith("on")]


def test_nothing_is_loaded_from_anywhere() -> None:
    made = page(usual_set())
    policy = next(one["content"] for one in made.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for image in made.named("img"):
        source = image["src"] or ""
        assert source.startswith("data:image/png;base64,")
        (sprite,) = read_sprites(base64.b64decode(source.partition(",")[2]))
        assert sprite == blob(1)
        assert image["width"] == image["height"] == "96"
    assert len(made.named("img")) == 20


def test_the_cards_can_be_ordered_without_a_script() -> None:
    entries = [entry("b.png", 90.0, lint=20.0), entry("a.png", 10.0, lint=80.0)]
    audit.judge(entries, 40.0)
    text = html(entries, title="", summary="", model="", min_score=40, refused=())
    made = Page(text)
    assert [one["id"] for one in made.named("input")] == ["by-concern", "by-score", "by-lint", "by-colours", "by-name"]
    assert [one["for"] for one in made.named("label")] == [one["id"] for one in made.named("input")]
    cards = {re.sub(r"\s", "", str(one["style"])) for one in made.named("article")}
    # The card that falls short comes first in the page; ranks say where the buttons put it.
    assert cards == {
        "--concern:1;--score:0;--lint:1;--colours:0;--name:0",
        "--concern:0;--score:1;--lint:0;--colours:1;--name:1",
    }
    for name in ("concern", "score", "lint", "colours", "name"):
        assert f"#by-{name}:checked ~ main article {{ order: var(--{name}); }}" in text


def test_a_page_of_many_pictures_has_an_end_and_shows_all_that_fall_short() -> None:
    entries = [entry(f"{at}.png", 50.0) for at in range(MOST_CARDS + 50)]
    for one in entries[-3:]:
        one.falls_short = True
    made = page(entries)
    assert len(made.named("article")) == MOST_CARDS
    assert sum(one["class"] == "short" for one in made.named("article")) == 3
    assert "50 pictures with less concern are not shown" in made.text


# ---- the command --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten clean sprites, one full of noise under a hostile name, one broken file."""
    art = tmp_path / "art"
    art.mkdir()
    for seed in range(10):
        write_png(blob(seed, 16), art / f"blob {seed}.png")
    noisy = damage(blob(3, 16).rgba_HWC, "palette-noise", 1.0, np.random.default_rng(0))
    write_png(Sprite(noisy), art / "<b>noise & co.png")
    (art / "broken.png").write_bytes(b"junk")
    return art


def test_an_audit_ranks_reports_and_fails(run: Run, judgeless: Path, folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "out" / "report.html"
    ran = run("score", folder, "--model", judgeless, "--min-score", "95", "--report", report)
    assert ran.status == 1
    assert "noise & co.png" in ran.out.splitlines()[1]
    assert "falls short" in ran.out.splitlines()[1]
    assert str(report) in ran.out
    made = Page(report.read_text(encoding="utf-8"))
    assert len(made.named("article")) == 11
    assert "<b>noise & co.png" in made.text
    assert "broken.png" in made.text
    assert run("score", folder, "--model", judgeless, "--min-score", "0", "--report", report).status == 0


def test_an_audit_in_json(run: Run, model: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("score", folder, "--model", model, "--min-score", "50", "--json")
    told = ran.document
    assert (tmp_path / told["report"]).is_file()
    assert told["short"] == sum(one["score"] < 50 for one in told["files"])
    assert ran.status == (1 if told["short"] else 0)
    noisy = next(one for one in told["files"] if "noise" in one["file"])
    assert any("colours; the middle of the set" in reason for reason in noisy["reasons"])
    assert "too-many-colours" in {found["rule"] for found in noisy["lint"]}
    stray = next(one for one in told["files"] if any(found["pixels"] for found in one["lint"]))
    assert stray["lint"][0].keys() >= {"rule", "message", "severity", "pixels", "extent", "fix"}
    assert noisy["lint_score"] < 100
    assert set(told["set"]) == {"colours", "visible", "lightness"}


def test_wrong_usage(run: Run, judgeless: Path, folder: Path, tmp_path: Path) -> None:
    assert run("score", folder, "--model", judgeless, "--report", tmp_path / "x.html").status == 2
    for number in ("101", "-1", "nan", "many"):
        assert run("score", folder, "--min-score", number).status == 2
    assert not (tmp_path / "x.html").exists()
    blocked = run(
        "score", folder, "--model", judgeless, "--min-score", "1", "--report", folder / "broken.png" / "x.html"
    )
    assert blocked.status == 1
    assert "cannot be made" in blocked.err
