"""What a studio leaves behind when it is struck down, and that nobody takes what another still works on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunar_studio.core.latent import Latent
from lunar_studio.errors import ProjectError
from lunar_studio.session.document import Document
from lunar_studio.session.history import Snapshot
from lunar_studio.session.project import ModelReference, Project
from lunar_studio.session.recovery import Workplace, find_lost

HERE = Latent([1, 2])
PROJECT = Project(
    Snapshot(Document(latent=HERE, anchor=HERE, seed=7, model="m")), ModelReference("m", latent_dim=2), "Lunar Studio"
)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sessions"


def test_who_works_is_left_alone_and_who_leaves_in_order_leaves_nothing(sessions: Path) -> None:
    workplace = Workplace(sessions)
    workplace.keep(PROJECT, title="Cave", path=None)
    assert find_lost(sessions) == ()
    workplace.forget()
    workplace.close()
    assert list(sessions.iterdir()) == []


def test_what_is_left_behind_is_found_with_what_is_known_of_it(sessions: Path) -> None:
    workplace = Workplace(sessions, now=lambda: datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    workplace.keep(PROJECT, title="Cave", path=Path("/home/ada/cave.lunar"), was_closed=True)
    workplace.close()
    (lost,) = find_lost(sessions)
    assert (lost.about.title, lost.about.path, lost.about.steps) == ("Cave", "/home/ada/cave.lunar", 0)
    assert lost.about.saved_at == "2026-11-22T20:00:00+00:00"
    assert lost.about.was_closed
    assert lost.open()[0].session == PROJECT.session
    assert find_lost(sessions) == (), "it is offered once"
    lost.release()
    (again,) = find_lost(sessions)
    again.discard()
    assert find_lost(sessions) == ()
    assert list(sessions.iterdir()) == []


def test_the_newest_is_offered_first(sessions: Path) -> None:
    for hour in (3, 9, 5):
        workplace = Workplace(sessions, now=lambda hour=hour: datetime(2026, 1, 1, hour, tzinfo=UTC))  # type: ignore[misc]
        workplace.keep(PROJECT, title=str(hour), path=None)
        workplace.close()
    found = find_lost(sessions)
    assert [lost.about.title for lost in found] == ["9", "5", "3"]
    for lost in found:
        lost.release()


_WORKS_FOR_EVER = """
import sys, time
from pathlib import Path
from lunar_studio.session.recovery import Workplace
from tests.session.test_recovery import PROJECT
workplace = Workplace(Path(sys.argv[1]))
workplace.keep(PROJECT, title="Struck down", path=None)
print("kept", flush=True)
time.sleep(600)
"""


@pytest.fixture
def other_studio(sessions: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps a project and goes on working."""
    command = [sys.executable, "-c", _WORKS_FOR_EVER, str(sessions)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        yield process
        process.kill()


def test_a_studio_that_is_struck_down_lets_go_and_only_then(
    sessions: Path, other_studio: subprocess.Popen[str]
) -> None:
    assert find_lost(sessions) == (), "it still runs"
    other_studio.kill()
    other_studio.wait()
    (lost,) = find_lost(sessions)
    assert lost.about.title == "Struck down"
    assert not lost.about.was_closed
    assert lost.open()[0].session == PROJECT.session
    lost.discard()


@pytest.mark.parametrize(
    "about", [b"", b"\xff", b"[]", b"[" * 9999, b'{"title": 7, "steps": "x"}', b'{"steps": true}', None]
)
def test_work_is_offered_though_nothing_is_known_of_it(sessions: Path, about: bytes | None) -> None:
    workplace = Workplace(sessions)
    workplace.keep(PROJECT, title="Cave", path=None)
    note = workplace.folder / "about.json"
    note.unlink() if about is None else note.write_bytes(about)
    workplace.close()
    (lost,) = find_lost(sessions)
    assert (lost.about.title, lost.about.steps) == ("Untitled", 0)
    lost.discard()


def test_damaged_work_is_refused_and_can_be_discarded(sessions: Path) -> None:
    workplace = Workplace(sessions)
    workplace.keep(PROJECT, title="Cave", path=None)
    (workplace.folder / "autosave.lunar").write_bytes(b"PK")
    workplace.close()
    (lost,) = find_lost(sessions)
    with pytest.raises(ProjectError, match="damaged"):
        lost.open()
    lost.discard()
    assert find_lost(sessions) == ()


def test_strangers_folders_are_not_touched(sessions: Path) -> None:
    (sessions / "holiday pictures").mkdir(parents=True)
    (sessions / "holiday pictures" / "lock").touch()
    (sessions / "0b0f6e1e-aaaa-4bbb-8ccc-123456789abc").mkdir()
    assert find_lost(sessions) == ()
    assert len(list(sessions.iterdir())) == 2
    assert find_lost(sessions / "gone") == ()


def test_where_nothing_can_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ProjectError, match="Nothing can be kept"):
        Workplace(tmp_path / "file" / "sessions")


def test_a_long_title_from_a_file_is_cut(sessions: Path) -> None:
    workplace = Workplace(sessions)
    workplace.keep(PROJECT, title="x", path=None)
    (workplace.folder / "about.json").write_text(json.dumps({"title": "y" * 9000}), encoding="utf-8")
    workplace.close()
    (lost,) = find_lost(sessions)
    assert len(lost.about.title) == 4096
    lost.discard()
