"""Settings: one versioned table, and a file that can never stop the studio from starting.

The table below is the only place that knows a setting: its type, default, range and words. The file
is JSON. Unknown keys and unusable values are dropped, one by one, each with a `Problem`; a file that
cannot be read at all is moved beside itself (`settings.json.bad`) and defaults are used. Nothing is
logged here: the caller shows the problems.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from lunar_studio.errors import SettingsError

VERSION = 1
"""Of the file's layout. A newer file is read as far as it is understood."""

MAX_FILE_BYTES = 1_000_000
"""A settings file is a few kilobytes; a larger one is not ours."""

Value = bool | int | str
Kind = Literal["bool", "int", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        key: Name in the file, `group.name`.
        kind: `choice` is one of `choices`; `text` is at most `maximum` characters.
        default: Its value until it is changed.
        title: What it is called in the window.
        tip: What it does, in a sentence.
        choices: The values of a `choice`.
        minimum: Smallest `int`.
        maximum: Largest `int`, or most characters of a `text`.
        unit: Of an `int`, e.g. `px`.
        shown: Whether it stands in the settings window; others are remembered silently.
    """

    key: str
    kind: Kind
    default: Value
    title: str
    tip: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0
    unit: str = ""
    shown: bool = True

    def fault(self, value: object) -> str:
        """Why `value` cannot be used, as the end of a sentence; empty if it can."""
        match self.kind:
            case "bool":
                return "" if isinstance(value, bool) else "must be true or false"
            case "int":
                good = isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum
                return "" if good else f"must be a whole number from {self.minimum} to {self.maximum}"
            case "choice":
                return "" if value in self.choices else f"must be one of {', '.join(self.choices)}"
            case "text":
                good = isinstance(value, str) and len(value) <= self.maximum
                return "" if good else f"must be text of at most {self.maximum} characters"


def _path(key: str, title: str, tip: str) -> Setting:
    return Setting(key, "text", "", title, tip, maximum=4096, shown=False)


def _state(key: str, title: str) -> Setting:
    return Setting(key, "text", "", title, "Remembered from the last time, as base64.", maximum=65536, shown=False)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "look.theme",
        "choice",
        "system",
        "Theme",
        "Dark, light, or whatever the system uses.",
        ("system", "dark", "light"),
    ),
    Setting("look.reduce_motion", "bool", False, "Reduce motion", "Show changes at once instead of moving them."),
    Setting("canvas.checkerboard", "bool", True, "Checkerboard", "Show transparency as a checkerboard."),
    Setting(
        "canvas.checkerboard_size",
        "int",
        8,
        "Checkerboard size",
        "Width of one square.",
        minimum=2,
        maximum=64,
        unit="px",
    ),
    Setting(
        "canvas.checkerboard_tones",
        "choice",
        "theme",
        "Checkerboard tones",
        "Grey levels of the squares; `theme` goes with the window.",
        ("theme", "dark", "mid", "light"),
    ),
    Setting("canvas.pin_painted", "bool", True, "Pin what I paint", "Painted pixels stay through rolls and sliders."),
    Setting("canvas.pixel_grid", "bool", False, "Pixel grid", "Draw thin lines between pixels from 8× on."),
    Setting(
        "explore.score_ribbon", "bool", True, "Score ribbons", "Paint the teacher's score along the slider tracks."
    ),
    Setting(
        "explore.slider_count",
        "int",
        12,
        "Sliders shown",
        "Sliders of each group shown before “more”, largest effect first.",
        minimum=1,
        maximum=256,
        unit="sliders",
    ),
    Setting(
        "files.reopen", "bool", True, "Begin where I left off", "Open the last project, or the last model, at start."
    ),
    Setting("help.tour_seen", "bool", False, "Tour seen", "Whether the first tour was ended or skipped.", shown=False),
    _path("files.last_project", "Last project", "The project opened last; empty for none."),
    Setting(
        "files.recent_projects",
        "text",
        "",
        "Recent projects",
        "The projects opened lately, as a JSON list of paths.",
        maximum=32768,
        shown=False,
    ),
    _path("files.last_model", "Last model", "The model opened last; empty is the bundled one."),
    _path("files.last_sprite_folder", "Last sprite folder", "Where sprites were opened last."),
    _path("files.last_export_folder", "Last export folder", "Where sheets were written last."),
    _path("files.last_art_folder", "Last art folder", "Where art was imported from last."),
    _path("files.last_dataset", "Last data set", "The data set trained on last."),
    _path("files.last_run_folder", "Last run folder", "Where a run was started last."),
    _state("window.geometry", "Window place and size"),
    _state("window.layout", "Panels"),
    _state("window.splitters", "Splitters"),
    Setting(
        "window.page",
        "choice",
        "explore",
        "Page",
        "The page shown last.",
        ("explore", "train", "data", "export"),
        shown=False,
    ),
)
"""Every setting, in the order of the settings window."""

_BY_KEY: Mapping[str, Setting] = MappingProxyType({setting.key: setting for setting in SETTINGS})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a settings file that could not be used; the studio starts all the same.

    Attributes:
        key: The setting concerned; empty for the whole file.
        message: What is wrong, and what was done about it.
    """

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of settings; those not named have their defaults.

    Attributes:
        changed: Values that differ from the defaults, by key.
    """

    changed: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked = {key: value for key, value in self.changed.items() if _checked(key, value) != _BY_KEY[key].default}
        object.__setattr__(self, "changed", MappingProxyType(checked))

    def __getitem__(self, key: str) -> Value:
        """The value of a setting.

        Raises:
            KeyError: There is no such setting.
        """
        return self.changed.get(key, _BY_KEY[key].default)

    def text(self, key: str) -> str:
        """The value of a `text` or `choice` setting."""
        return str(self[key])

    def number(self, key: str) -> int:
        """The value of an `int` setting."""
        return int(self[key])

    def flag(self, key: str) -> bool:
        """The value of a `bool` setting."""
        return bool(self[key])

    def with_value(self, key: str, value: Value) -> Settings:
        """The same settings but for one value.

        Raises:
            KeyError: There is no such setting.
            SettingsError: The value cannot be used.
        """
        return Settings({**self.changed, key: value})


def load(path: Path) -> tuple[Settings, tuple[Problem, ...]]:
    """Settings from a file, and whatever in it could not be used. Never raises for what a file holds."""
    try:
        stored = _read(path)
    except FileNotFoundError:
        return Settings(), ()
    except (OSError, ValueError, RecursionError) as exc:
        return Settings(), (Problem("", f"The settings file {path} cannot be used ({exc}). {_set_aside(path)}"),)
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for key, value in stored.items():
        setting = _BY_KEY.get(key)
        fault = "is not known to this version" if setting is None else setting.fault(value)
        if fault or not isinstance(value, bool | int | str):
            problems.append(Problem(key[:100], f"The setting {key[:100]!r} {fault}; its default is used."))
        else:
            values[key] = value
    return Settings(values), tuple(problems)


def save(settings: Settings, path: Path) -> None:
    """Write settings so that the file is always either the old one or the new one, whole.

    Raises:
        SettingsError: The file cannot be written; the old one is untouched.
    """
    text = json.dumps({"version": VERSION, "settings": dict(settings.changed)}, indent=2, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise SettingsError(
            f"The settings cannot be saved to {path}: {exc.strerror or exc}.",
            hint="Free some space on that disk, or check that you may write there. Your changes last until you quit.",
        ) from exc


def _checked(key: str, value: Value) -> Value:
    fault = _BY_KEY[key].fault(value)
    if fault:
        raise SettingsError(f"{_BY_KEY[key].title} {fault}, not {value!r}.", hint="Choose another value.")
    return value


def _read(path: Path) -> dict[str, object]:
    with path.open("rb") as stream:
        raw = stream.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError("it is far too large")
    document = json.loads(raw.decode(), parse_constant=_refuse_constant)
    stored = document.get("settings") if isinstance(document, dict) else None
    if not isinstance(stored, dict):
        raise ValueError("it holds no settings")
    return stored


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _set_aside(path: Path) -> str:
    """Move a bad file out of the way, so that saving does not destroy it; says what was done."""
    aside = path.with_name(f"{path.name}.bad")
    try:
        path.replace(aside)
    except OSError as exc:
        return f"It could not be moved aside either ({exc.strerror or exc}); defaults are used."
    return f"It is now {aside.name}; defaults are used."
