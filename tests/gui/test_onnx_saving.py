"""“Save Drawing Network as ONNX…”: from the menu to the banner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui.export.onnx_saving import OnnxSaving
from lunar_studio.workers.onnx_service import OnnxService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.gui.shell_studio import studio
from tests.workers.test_onnx_service import REFUSES, WRITES


@pytest.fixture
def host(qapp: QApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


class Flow:
    """A flow over a bare window; the file dialogue answers `chosen`."""

    def __init__(self, host: ThreadHost, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.window = QWidget()
        self.model: Path | None = None
        self.chosen = ""
        self.offered: list[str] = []
        service = OnnxService(host, command=[sys.executable, "-c", script])
        self.saving = OnnxSaving(service, self.window, lambda: self.model, tmp_path)
        self.said = QSignalSpy(self.saving.said)
        self.stated = QSignalSpy(self.saving.stated)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", self._answer)

    def _answer(self, _parent: QWidget, _title: str, start: str, _kinds: str) -> tuple[str, str]:
        self.offered.append(start)
        return self.chosen, ""

    def close(self) -> None:
        self.window.deleteLater()


def test_the_file_is_named_after_its_model_and_gets_its_ending(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(host, WRITES, tmp_path, monkeypatch)
    for model in (None, Path("/runs/my knights/model.safetensors"), Path("/art/slimes.safetensors")):
        flow.model = model
        flow.saving.ask()
    assert [Path(name).name for name in flow.offered] == ["model.onnx", "my knights.onnx", "slimes.onnx"]
    assert flow.stated.count() == 0, "a dialogue that was closed does nothing"
    flow.chosen = str(tmp_path / "drawn")
    with qtbot.waitSignal(flow.saving.said, timeout=PATIENCE_MS):
        flow.saving.ask()
    assert "--model /art/slimes.safetensors" in (tmp_path / "drawn.onnx").read_text()
    assert flow.said.at(0) == ["The drawing network is saved as drawn.onnx.", f"In {tmp_path}", "good"]
    assert [flow.stated.at(at)[0] for at in range(2)] == ["Saving the drawing network…", "Ready"]
    flow.close()


def test_what_goes_wrong_stands_in_the_banner(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(host, REFUSES, tmp_path, monkeypatch)
    flow.chosen = str(tmp_path / "m.onnx")
    with qtbot.waitSignal(flow.saving.said, timeout=PATIENCE_MS):
        flow.saving.ask()
    assert flow.said.at(0) == ["ONNX files need onnx.", "Type: pip install onnx", "bad"]
    flow.close()


def test_a_second_one_has_to_wait(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(host, WRITES, tmp_path, monkeypatch)
    flow.saving.save(tmp_path / "one.onnx")
    flow.saving.ask()
    assert flow.said.at(0)[0] == "An ONNX file is being written already."
    assert not flow.offered
    qtbot.waitUntil(lambda: flow.said.count() == 2, timeout=PATIENCE_MS)
    flow.close()


def test_the_menu_offers_it_once_something_is_bound(qtbot: QtBot) -> None:
    with studio(qtbot) as shell:
        entry = shell.window.actions_by_id["save-onnx"]
        assert not entry.isEnabled()
        asked: list[bool] = []
        shell.window.actions_by_id.bind("save-onnx", lambda: asked.append(True))
        assert entry.isEnabled()
        entry.trigger()
        assert asked == [True]
