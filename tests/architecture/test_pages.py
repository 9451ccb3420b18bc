"""README and docs stay true: links lead somewhere, named commands and packages exist, words are explained."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
WORDS = (
    "sprite", "palette", "latent", "direction", "teacher", "expert", "gate", "score", "prior", "seed", "run", "step",
    "checkpoint", "sheet", "frame", "clip", "tag", "bookmark", "prompt", "family", "preset",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    missing = [target for target in local if not (page.parent / target).exists()]
    assert not missing


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b +#", README))
    assert {"run", "test"} <= named
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)


def test_commands_named_in_the_readme_exist() -> None:
    from lunar_studio.cli.program import build_parser

    known = set(re.findall(r"[a-z]+", str(build_parser().format_usage() + build_parser().format_help())))
    named = set(re.findall(r"^\| `lunar-studio ([a-z]+)", README, re.MULTILINE))
    assert {"info", "dataset", "train", "sample", "score", "export"} <= named
    assert named <= known


def test_the_map_shows_every_room_with_a_package() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(re.findall(r"\]\(lunar_studio/(\w+)\)", README))


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_explains(word: str) -> None:
    assert f"| *{word}* |" in README
