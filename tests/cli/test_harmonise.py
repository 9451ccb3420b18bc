"""Proposals of the audit: only new files, only where they concern less, and told in report and JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.cli import audit
from lunar_studio.core.score import LintReport, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import load
from lunar_studio.explore.harmonise import REACH, harmonised, style_of
from lunar_studio.pixels.damage import damage
from lunar_studio.pixels.files import read_sprites, write_png
from lunar_studio.pixels.palette import exact_palette
from tests.cli.conftest import Run
from tests.pixels.drawn import blob

NOISY = "sub/odd & <b>noise.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten clean sprites, and one whose every pixel has a colour of its own."""
    art = tmp_path / "art"
    (art / "sub").mkdir(parents=True)
    for seed in range(10):
        write_png(blob(seed, 16), art / f"blob {seed}.png")
    noisy = damage(blob(3, 16).rgba_HWC, "palette-noise", 1.0, np.random.default_rng(0))
    write_png(Sprite(noisy), art / NOISY)
    return art


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_odd_one_gets_a_proposal_and_no_file_is_touched(
    run: Run, judgeless: Path, folder: Path, tmp_path: Path
) -> None:
    before, out, report = digests(folder), tmp_path / "out", tmp_path / "report.html"
    ran = run("score", folder, "--model", judgeless, "--harmonise", out, "--report", report, "--json")
    assert ran.status == 0
    assert digests(folder) == before
    told = {Path(one["file"]).name: one for one in ran.document["files"]}
    noisy = told["odd & <b>noise.png"]
    proposal = noisy["proposal"]
    assert proposal["concern"] < noisy["concern"]
    assert proposal["score"] is None
    assert 0 < proposal["changed"] <= 1
    (made,) = read_sprites(Path(proposal["file"]).read_bytes())
    assert made.colour_count() < 32
    assert all(one["proposal"] is None for one in told.values() if not one["reasons"])
    assert {path.name for path in out.iterdir()} == {
        Path(one["proposal"]["file"]).name for one in told.values() if one["proposal"]
    }
    page = report.read_text(encoding="utf-8")
    assert page.count("what changed") >= 1
    assert "Proposed: " in page
    assert "<b>noise" not in page


def test_nothing_is_overwritten(run: Run, judgeless: Path, folder: Path, tmp_path: Path) -> None:
    arguments = (
        "score",
        folder,
        "--model",
        judgeless,
        "--harmonise",
        tmp_path / "out",
        "--report",
        tmp_path / "r.html",
    )
    assert run(*arguments).status == 0
    first = digests(tmp_path / "out")
    assert first
    again = run(*arguments)
    assert again.status == 1
    assert "is there already" in again.err
    assert digests(tmp_path / "out") == first


def test_proposals_with_a_teacher_are_scored(run: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    ran = run(
        "score", folder, "--model", model, "--harmonise", tmp_path / "out", "--report", tmp_path / "r.html", "--json"
    )
    made = [one["proposal"] for one in ran.document["files"] if one["proposal"]]
    assert made
    assert all(0 <= one["score"] <= 100 for one in made)
    assert "proposal" in json.loads(ran.out)["files"][0]


def test_versions_are_in_the_sets_colours_and_region(model: Path) -> None:
    engine = load(model)
    usual = [blob(seed, 16) for seed in range(12)]
    style = style_of(engine, usual)
    latents_NL = np.stack([latent.values_L for latent in engine.encode_many(usual)])
    assert np.allclose((style.low_L + style.high_L) / 2, latents_NL.mean(axis=0), atol=1e-4)
    assert np.allclose(style.high_L - style.low_L, 2 * REACH * latents_NL.std(axis=0), atol=1e-4)
    noisy = Sprite(damage(blob(3, 16).rgba_HWC, "palette-noise", 1.0, np.random.default_rng(0)))
    versions = list(harmonised(engine, style, noisy))
    common = {tuple(one) for one in style.palette.rgb_NC.tolist()}
    for version in versions:
        assert version.sprite != noisy
        if "common colours" in version.how:
            assert {tuple(one) for one in exact_palette(version.sprite).rgb_NC.tolist()} <= common
    assert any("redrawn" in version.how for version in versions)
    assert len({version.sprite for version in versions}) == len(versions)


def test_an_invisible_set_has_no_style(model: Path) -> None:
    with pytest.raises(ValueError, match="no style"):
        style_of(load(model), [Sprite(np.zeros((16, 16, 4), np.uint8))])


def test_a_proposal_is_judged_by_the_set_it_did_not_form() -> None:
    measures = audit.Measures(16, 16, 12, 0.5, 0.5)
    entries = [audit.Entry(f"{at}.png", measures, Score(50.0), LintReport()) for at in range(10)]
    middles = audit.judge(entries, 0.0)
    same = audit.Entry("", measures, Score(50.0), LintReport())
    other = audit.Entry("", audit.Measures(32, 32, 900, 0.5, 0.5), Score(50.0), LintReport())
    for one in (same, other):
        audit.judge_in(one, entries, middles, 0.0)
    assert same.concern == pytest.approx(entries[0].concern)
    assert other.concern > same.concern
    assert not any("32 × 32" in reason for reason in other.reasons), "proposals are at the model's size"
