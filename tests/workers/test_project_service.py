"""Projects in their own thread: saved, opened with their model, kept against a crash, set aside, brought back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.session.document import Document
from lunar_studio.session.history import Snapshot
from lunar_studio.session.project import ModelReference, Project, read
from lunar_studio.session.recovery import find_lost
from lunar_studio.workers.project_service import LostWork, Opened, ProjectService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS

MODEL_BYTES = b"not really a model"
DIGEST = hashlib.sha256(MODEL_BYTES).hexdigest()


def project(seed: int = 7, *, model: str = DIGEST, hint: str = "") -> Project:
    here = Latent([1, 2])
    document = Document(latent=here, anchor=here, seed=seed, model=model)
    return Project(Snapshot(document), ModelReference(model, "Dungeon", hint, 2, 16))


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def service(host: ThreadHost, sessions: Path, tmp_path: Path) -> ProjectService:
    (tmp_path / "bundled.safetensors").write_bytes(b"the bundled one")
    return ProjectService(host, sessions, tmp_path / "bundled.safetensors", lambda: sorted(tmp_path.glob("runs/*")))


def opened(qtbot: QtBot, service: ProjectService, path: Path) -> Opened:
    with qtbot.waitSignal(service.opened) as answer:
        service.open(path)
    (event,) = answer.args or []
    assert isinstance(event, Opened)
    return event


def test_what_is_saved_can_be_opened(qtbot: QtBot, service: ProjectService, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "cave.lunar"
    with qtbot.waitSignal(service.saved) as answer:
        service.save(project(), path)
    assert answer.args == [path, project()]
    event = opened(qtbot, service, path)
    assert (event.path, event.title, event.note) == (path, "cave", "")
    assert event.project.session == project().session


@pytest.mark.parametrize("place", ["hint", "runs/first", "bundled.safetensors", "nowhere"])
def test_the_model_is_found_by_its_content(qtbot: QtBot, service: ProjectService, tmp_path: Path, place: str) -> None:
    if place != "nowhere":
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(MODEL_BYTES)
    (tmp_path / "runs").mkdir(exist_ok=True)
    (tmp_path / "runs" / "a folder").mkdir()
    with qtbot.waitSignal(service.saved):
        service.save(project(hint=str(tmp_path / "hint")), tmp_path / "x.lunar")
    event = opened(qtbot, service, tmp_path / "x.lunar")
    assert event.has_model == (place != "nowhere")
    assert event.model == (tmp_path / place if place in ("hint", "runs/first") else None)


def test_a_bad_file_is_a_failure(qtbot: QtBot, service: ProjectService, tmp_path: Path) -> None:
    (tmp_path / "x.lunar").write_bytes(b"PK\x03\x04")
    with qtbot.waitSignal(service.failed) as answer:
        service.open(tmp_path / "x.lunar")
    assert answer.args is not None
    assert "x.lunar" in answer.args[0].message
    with qtbot.waitSignal(service.failed):
        service.save(project(), tmp_path / "x.lunar" / "y.lunar")


def test_the_newest_state_is_on_the_disk_when_the_thread_has_ended(
    qtbot: QtBot, host: ThreadHost, service: ProjectService, sessions: Path
) -> None:
    for seed in range(200):
        service.keep(project(seed), title="Cave", path=None)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    (lost,) = find_lost(sessions)
    assert lost.open()[0].session.document.seed == 199
    assert qtbot is not None
    lost.discard()


def test_what_is_saved_needs_not_be_kept(
    qtbot: QtBot, host: ThreadHost, service: ProjectService, sessions: Path
) -> None:
    with qtbot.waitSignal(service.kept):
        service.keep(project(), title="Cave", path=None)
    service.forget()
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert list(sessions.iterdir()) == []


def test_what_is_set_aside_is_offered_and_can_be_brought_back(
    qtbot: QtBot, host: ThreadHost, service: ProjectService, sessions: Path
) -> None:
    with qtbot.waitSignal(service.lost_found) as found:
        service.set_aside(project(5), title="Cave", path=Path("/home/ada/cave.lunar"))
    assert found.args is not None
    (lost,) = found.args[0]
    assert isinstance(lost, LostWork)
    assert (lost.about.title, lost.about.was_closed) == ("Cave", True)
    with qtbot.waitSignal(service.opened) as answer:
        service.open_lost(lost.number)
    (event,) = answer.args or []
    assert event.is_recovered
    assert (event.project.session.document.seed, event.path) == (5, Path("/home/ada/cave.lunar"))
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    (again,) = find_lost(sessions)
    assert again.open()[0].session.document.seed == 5, "until something else is kept, it is still there"
    again.discard()


def test_unsaved_work_can_be_discarded(qtbot: QtBot, host: ThreadHost, service: ProjectService, sessions: Path) -> None:
    for seed in (1, 2):
        with qtbot.waitSignal(service.lost_found) as found:
            service.set_aside(project(seed), title=str(seed), path=None)
    assert found.args is not None
    assert {one.about.title for one in found.args[0]} == {"1", "2"}
    for one in found.args[0]:
        service.discard_lost(one.number)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert list(sessions.iterdir()) == []


def test_damaged_work_is_said_and_stays_until_discarded(
    qtbot: QtBot, service: ProjectService, sessions: Path, host: ThreadHost
) -> None:
    with qtbot.waitSignal(service.lost_found) as found:
        service.set_aside(project(1), title="Cave", path=None)
    assert found.args is not None
    for file in sessions.glob("*/autosave.lunar"):
        file.write_bytes(b"damaged")
    with qtbot.waitSignal(service.failed) as failure:
        service.open_lost(found.args[0][0].number)
    assert failure.args is not None
    assert "cannot be brought back" in failure.args[0].message
    service.discard_lost(found.args[0][0].number)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()


def test_where_nothing_can_be_kept_it_is_said_once(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    service = ProjectService(host, tmp_path / "file" / "sessions", tmp_path / "none", lambda: ())
    spy = QSignalSpy(service.failed)
    qtbot.waitUntil(lambda: spy.count() == 1)
    service.keep(project(), title="Cave", path=None)
    with qtbot.waitSignal(service.saved):
        service.save(replace(project()), tmp_path / "still.lunar")
    assert read(tmp_path / "still.lunar")[0].session == project().session
    assert spy.count() == 1
