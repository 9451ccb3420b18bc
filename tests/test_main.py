"""The command itself: the window is opened where there is a display, and its absence is said."""

import os
import subprocess
import sys

import pytest

from lunar_studio import __main__ as command
from lunar_studio.errors import LunarError


@pytest.mark.parametrize(
    ("platform", "environment", "answer"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_recognised(platform: str, environment: dict[str, str], *, answer: bool) -> None:
    assert command.has_display(platform, environment) is answer


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")
@pytest.mark.parametrize("arguments", [[], ["gui"], ["--model", "some.safetensors"]])
def test_without_a_display_the_command_says_so(arguments: list[str]) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    result = subprocess.run(
        [sys.executable, "-m", "lunar_studio", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "no display" in result.stderr
    assert "lunar-studio --help" in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_of_qt_is_touched_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LunarError, match="no display"):
        command.open_window(None, None)
