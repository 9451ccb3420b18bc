"""Saving the drawing network: a process of its own does it, and whatever becomes of that is told."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import Failure
from lunar_studio.workers.onnx_service import OnnxService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS

WRITES = """
import json, pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.write_text(" ".join(sys.argv[1:]))
print(json.dumps({"file": str(out)}))
"""
REFUSES = """
import sys
print("a warning from somewhere", file=sys.stderr)
print("lunar-studio export-onnx: ONNX files need onnx.\\nType: pip install onnx", file=sys.stderr)
sys.exit(1)
"""
DIES = "raise SystemError('the machine is on fire')"
HANGS = """
import pathlib, sys, time
pathlib.Path(sys.argv[sys.argv.index("--out") + 1]).write_text("begun")
time.sleep(600)
"""


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def service(host: ThreadHost, script: str) -> OnnxService:
    return OnnxService(host, command=[sys.executable, "-c", script])


def test_the_file_comes_back_and_the_model_is_named(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    saving = service(host, WRITES)
    for model, named in ((None, ""), (tmp_path / "mine.safetensors", f" --model {tmp_path / 'mine.safetensors'}")):
        with qtbot.waitSignal(saving.saved, timeout=PATIENCE_MS) as answer:
            saving.save(model, tmp_path / "m.onnx")
            assert saving.is_running
        assert answer.args == [tmp_path / "m.onnx"]
        assert (tmp_path / "m.onnx").read_text() == f"export-onnx --out {tmp_path / 'm.onnx'}{named} --json"
        qtbot.waitUntil(lambda: not saving.is_running, timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("script", "message", "hint"),
    [
        (REFUSES, "ONNX files need onnx.", "Type: pip install onnx"),
        (DIES, "could not be saved as an ONNX file", "SystemError: the machine is on fire"),
        ("import sys; sys.exit(3)", "could not be saved as an ONNX file", "it said nothing"),
    ],
)
def test_what_goes_wrong_is_told_in_its_words(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, script: str, message: str, hint: str
) -> None:
    saving = service(host, script)
    crashes = QSignalSpy(host.crashed)
    with qtbot.waitSignal(saving.failed, timeout=PATIENCE_MS) as answer:
        saving.save(None, tmp_path / "m.onnx")
    assert answer.args is not None
    failure = answer.args[0]
    assert isinstance(failure, Failure)
    assert message in failure.message
    assert hint in failure.hint
    assert crashes.count() == 0
    qtbot.waitUntil(lambda: not saving.is_running, timeout=PATIENCE_MS)


def test_a_program_that_is_not_there(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    saving = OnnxService(host, command=[str(tmp_path / "no-such-program")])
    with qtbot.waitSignal(saving.failed, timeout=PATIENCE_MS) as answer:
        saving.save(None, tmp_path / "m.onnx")
    assert answer.args is not None
    failure = answer.args[0]
    assert "could not start itself" in failure.message


def test_one_at_a_time_and_the_end_of_the_studio_ends_it(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    saving = service(host, HANGS)
    saved, failed = QSignalSpy(saving.saved), QSignalSpy(saving.failed)
    saving.save(None, tmp_path / "m.onnx")
    with pytest.raises(RuntimeError, match="already"):
        saving.save(None, tmp_path / "other.onnx")
    qtbot.waitUntil((tmp_path / "m.onnx").exists, timeout=PATIENCE_MS)
    before_s = time.monotonic()
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert time.monotonic() - before_s < PATIENCE_MS / 1000
    qtbot.waitUntil(lambda: not saving.is_running, timeout=PATIENCE_MS)
    assert (saved.count(), failed.count()) == (0, 0), "nobody waits for it any more"


@pytest.mark.slow
def test_the_studio_itself_writes_one(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    import onnxruntime

    from tests.explore.tiny_model import write_tiny_model

    write_tiny_model(tmp_path / "tiny.safetensors")
    saving = OnnxService(host)
    with qtbot.waitSignal(saving.saved, timeout=3 * PATIENCE_MS):
        saving.save(tmp_path / "tiny.safetensors", tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_outputs()[0].name == "rgba"
    qtbot.waitUntil(lambda: not saving.is_running, timeout=PATIENCE_MS)
