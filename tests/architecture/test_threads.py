"""Receivers of worker signals are slots: the rule refuses what runs in the worker's thread."""

import ast
from pathlib import Path

import pytest

from tests.architecture import slot_rule, source
from tests.architecture.source import package_files

NAMES = slot_rule.Names(signals={"decoded", "relayed"}, worker_signals={"decoded"}, plain_methods={"plain"})


def test_receivers_of_worker_signals_are_slots() -> None:
    names = slot_rule.gather(package_files())
    assert "decoded" in names.worker_signals
    found = [line for path in package_files() for line in slot_rule.complaints(path, names)]
    assert not found, "\n".join(found)


def judge(code: str, monkeypatch: pytest.MonkeyPatch, names: slot_rule.Names = NAMES) -> list[str]:
    monkeypatch.setattr(slot_rule, "tree", lambda _: ast.parse(code))
    monkeypatch.setattr(slot_rule, "shown", str)
    return slot_rule.complaints(Path("gui/panel.py"), names)


@pytest.mark.parametrize(
    "receiver",
    [
        "lambda event: None",
        "partial(self.slot, 1)",
        "functools.partial(self.slot)",
        "function",
        "self.plain",
        "a.b.plain",
    ],
)
def test_it_refuses(receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
class Panel(QWidget):
    def __init__(self, service):
        service.decoded.connect({receiver})
    def plain(self, event): ...
    @Slot(object)
    def slot(self, event): ...
"""
    assert len(judge(code, monkeypatch)) == 1


@pytest.mark.parametrize("receiver", ["self.slot", "self.relayed", "self.button.setDisabled", "self.view.inherited"])
def test_it_accepts(receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
class Panel(QWidget):
    relayed = Signal(object)
    def __init__(self, service):
        service.decoded.connect({receiver})
        self.button.clicked.connect(lambda: None)
    @QtCore.Slot(object)
    def slot(self, event): ...
"""
    assert judge(code, monkeypatch) == []


@pytest.mark.parametrize(("passed", "count"), [("self.slot", 0), ("lambda e: None", 1), ("on_done=self.plain", 1)])
def test_it_follows_a_receiver_that_is_handed_in(passed: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
class Service(QObject):
    def start(self, worker, on_done):
        worker.decoded.connect(on_done)
    def begin(self):
        self.start(Worker(), {passed})
    def plain(self, event): ...
    @Slot()
    def slot(self, event): ...
"""
    assert len(judge(code, monkeypatch)) == count


def test_nobody_terminates_a_thread() -> None:
    found = [
        f"{source.shown(path)}:{call.lineno}"
        for path in package_files()
        if {"workers", "gui"} & set(path.parts) or path.name == "app.py"
        for call in source.calls(source.tree(path))
        if isinstance(call.func, ast.Attribute) and call.func.attr == "terminate"
    ]
    assert not found, f"terminate leaves locks held: {found}"
