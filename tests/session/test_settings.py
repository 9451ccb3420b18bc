"""Settings: one table, and a file that can never stop the studio from starting."""

import errno
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.errors import SettingsError
from lunar_studio.session.settings import MAX_FILE_BYTES, SETTINGS, Setting, Settings, Value, load, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where settings are kept; the folder is not there yet."""
    return tmp_path / "config" / "settings.json"


def written(file: Path, content: str | bytes) -> Path:
    """The settings file with that content."""
    file.parent.mkdir(parents=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def disk_full(*_: object, **__: object) -> None:
    """What a call of the system answers on a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


def good_values(setting: Setting) -> st.SearchStrategy[Value]:
    """Values that a setting takes."""
    match setting.kind:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(setting.minimum, setting.maximum)
        case "choice":
            return st.sampled_from(setting.choices)
        case "text":
            return st.text(max_size=min(setting.maximum, 40))


settings_values = st.fixed_dictionaries({}, optional={known.key: good_values(known) for known in SETTINGS}).map(
    Settings
)


@pytest.mark.parametrize("known", SETTINGS, ids=lambda known: known.key)
def test_every_setting_is_well_formed(known: Setting) -> None:
    assert known.fault(known.default) == ""
    assert known.key.count(".") == 1
    assert known.title[0].isupper()
    assert known.tip.endswith(".")
    assert known.kind != "choice" or len(known.choices) > 1
    assert known.kind not in ("int", "text") or known.maximum > known.minimum


def test_keys_and_shown_titles_are_unique() -> None:
    assert len({known.key for known in SETTINGS}) == len(SETTINGS)
    shown = [known.title for known in SETTINGS if known.shown]
    assert len(set(shown)) == len(shown)


def test_without_a_file_defaults_hold(file: Path) -> None:
    settings, problems = load(file)
    assert problems == ()
    assert {known.key: settings[known.key] for known in SETTINGS} == {known.key: known.default for known in SETTINGS}
    assert not file.parent.exists()


@given(settings_values)
def test_what_is_saved_is_loaded(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.json"
        save(settings, file)
        assert load(file) == (settings, ())
        first = file.read_bytes()
        save(load(file)[0], file)
        assert file.read_bytes() == first
        assert [path.name for path in Path(folder).iterdir()] == ["settings.json"]


def test_only_what_differs_from_the_defaults_is_kept(file: Path) -> None:
    settings = Settings().with_value("look.theme", "dark").with_value("canvas.pixel_grid", False)
    assert settings.changed == {"look.theme": "dark"}
    save(settings, file)
    assert json.loads(file.read_text()) == {"version": 1, "settings": {"look.theme": "dark"}}


def test_typed_reading() -> None:
    settings = Settings().with_value("explore.slider_count", 20).with_value("look.theme", "dark")
    assert settings.number("explore.slider_count") == 20
    assert settings.text("look.theme") == "dark"
    assert settings.flag("canvas.checkerboard") is True


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("look.theme", "purple", "one of system, dark, light"),
        ("explore.slider_count", 0, "from 1 to 256"),
        ("explore.slider_count", True, "whole number"),
        ("canvas.pixel_grid", 1, "true or false"),
        ("files.last_model", "x" * 5000, "at most 4096"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(key: str, value: Value, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        Settings().with_value(key, value)


def test_an_unknown_key_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        Settings().with_value("look.thme", "dark")
    with pytest.raises(KeyError):
        Settings()["look.thme"]


def test_bad_keys_are_dropped_one_by_one(file: Path) -> None:
    stored = {
        "look.theme": "light",
        "look.future": 3,
        "explore.slider_count": "many",
        "canvas.checkerboard": None,
        "canvas.pixel_grid": [True],
        "canvas.checkerboard_size": 8.5,
        "files.last_model": {"a": 1},
    }
    settings, problems = load(written(file, json.dumps({"version": 9, "settings": stored})))
    assert settings == Settings({"look.theme": "light"})
    assert {problem.key for problem in problems} == stored.keys() - {"look.theme"}
    assert all("default is used" in problem.message for problem in problems)
    assert file.exists()


def test_a_long_bad_key_is_not_shown_whole(file: Path) -> None:
    _, problems = load(written(file, json.dumps({"settings": {"k" * 10_000: 1}})))
    assert len(problems[0].message) < 300


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"null",
        b'{"settings": []}',
        b'{"settings": {"explore.slider_count": NaN}}',
        b"[" * 100_000,
        b'{"settings": {"explore.slider_count": ' + b"9" * 10_000 + b"}}",
        b" " * (MAX_FILE_BYTES + 1),
    ],
    ids=["empty", "not text", "cut off", "list", "null", "no settings", "NaN", "deep", "huge number", "giant"],
)
def test_a_damaged_file_is_set_aside_and_the_studio_starts(file: Path, content: bytes) -> None:
    settings, (problem,) = load(written(file, content))
    assert settings == Settings()
    assert problem.key == ""
    assert "settings.json.bad" in problem.message
    assert not file.exists()
    assert file.with_name("settings.json.bad").read_bytes() == content
    save(settings.with_value("look.theme", "dark"), file)
    assert load(file) == (Settings({"look.theme": "dark"}), ())


def test_a_folder_in_the_files_place_does_not_stop_the_studio(file: Path) -> None:
    (file / "inside").mkdir(parents=True)
    settings, problems = load(file)
    assert settings == Settings()
    assert len(problems) == 1


def test_what_cannot_be_moved_aside_does_not_stop_the_studio(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(file, "{")
    monkeypatch.setattr(os, "replace", disk_full)
    settings, (problem,) = load(file)
    assert settings == Settings()
    assert "could not be moved aside" in problem.message


@pytest.mark.parametrize(
    ("module", "call"), [(tempfile, "mkstemp"), (os, "fsync"), (os, "replace")], ids=["create", "flush", "rename"]
)
def test_a_full_disk_leaves_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, call: str
) -> None:
    save(Settings({"look.theme": "dark"}), file)
    before = file.read_bytes()
    monkeypatch.setattr(module, call, disk_full)
    with pytest.raises(SettingsError, match="No space left") as caught:
        save(Settings({"look.theme": "light"}), file)
    assert "space" in caught.value.hint
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file is in the way")
    with pytest.raises(SettingsError, match=r"settings\.json"):
        save(Settings(), tmp_path / "config" / "settings.json")


def test_the_file_is_nobody_elses_business(file: Path) -> None:
    save(Settings({"files.last_model": "/home/me/secret.safetensors"}), file)
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 or sys.platform == "win32"
