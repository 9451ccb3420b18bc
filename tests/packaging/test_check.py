"""`make test`: every check runs even when one fails, tests come last, and the status tells."""

import sys

import check
import pytest

OK = [sys.executable, "-c", "print('fine')"]
BAD = [sys.executable, "-c", "print('what is wrong'); raise SystemExit(3)"]


def test_tests_come_last_and_those_of_the_real_window_run_alone() -> None:
    commands = check.checks([])
    assert list(commands) == ["format", "lint", "types", "import contracts", "tests of the real window", "tests"]
    assert "-n" not in commands["tests of the real window"]
    assert commands["tests of the real window"][-1] == "tests/e2e"
    assert "--ignore=tests/e2e" in commands["tests"]


def test_arguments_choose_tests() -> None:
    assert check.checks(["tests/core", "-x"])["tests"][-2:] == ["tests/core", "-x"]
    assert "tests of the real window" not in check.checks(["tests/core"])


def test_all_run_and_the_failing_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "checks", lambda _: {"first": BAD, "second": OK, "tests": [*OK, "pytest"]})
    assert check.main([]) == 1
    said = capfd.readouterr().out
    assert "what is wrong" in said
    assert said.index("first: FAILED") < said.index("second: ok") < said.index("fine")
    assert said.endswith("failed: first\n")


def test_when_all_is_well_the_tests_have_the_last_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "checks", lambda _: {"first": OK, "tests": [*OK, "pytest"]})
    assert check.main([]) == 0
    assert capfd.readouterr().out.endswith("tests:\nfine\n")
