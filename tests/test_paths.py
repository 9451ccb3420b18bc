"""Where files are: resources of a checkout, folders of the user's under one roof when asked."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from lunar_studio import paths

FOLDERS = [
    paths.settings_file,
    paths.runs_dir,
    paths.datasets_dir,
    paths.exports_dir,
    paths.cache_dir,
    paths.sessions_dir,
    paths.projects_dir,
]


def test_resources_of_a_checkout_are_beside_the_package() -> None:
    assert paths.resources() == Path(paths.__file__).resolve().parents[1] / "resources"


def test_resources_of_a_wheel_are_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lunar_studio"
    (package / "_resources").mkdir(parents=True)
    (tmp_path / "resources").mkdir()  # a stranger's folder in site-packages must not win
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.resources() == package / "_resources"


def test_missing_resources_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "nowhere" / "lunar_studio")
    with pytest.raises(FileNotFoundError, match="install it again"):
        paths.resources()


def test_bundled_model_is_among_the_resources() -> None:
    assert paths.bundled_model().parent == paths.resources() / "models"
    assert paths.bundled_model().suffix == ".safetensors"


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_variable_moves_every_folder(folder: paths.Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "roof"))
    assert folder().is_relative_to(tmp_path / "roof")


@pytest.mark.parametrize("folder", FOLDERS)
def test_without_it_the_platform_decides(folder: paths.Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.HOME_VARIABLE)
    assert folder().is_absolute()
    platforms = (Path.home(), platformdirs.user_cache_path(), platformdirs.user_data_path())
    assert any(folder().is_relative_to(platform) for platform in platforms)


def test_folders_are_different_and_not_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "roof"))
    assert len({folder() for folder in FOLDERS}) == len(FOLDERS)
    assert not (tmp_path / "roof").exists()


def test_a_relative_roof_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, "here")
    monkeypatch.chdir(tmp_path)
    assert paths.runs_dir() == tmp_path / "here" / "runs"


def test_what_may_not_be_asked_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert paths.is_file(tmp_path / "file")
    assert paths.is_taken(tmp_path / "file")
    assert not paths.is_folder(tmp_path / "file")
    assert paths.is_folder(tmp_path)
    asked: tuple[Callable[[Path], bool], ...] = (paths.is_file, paths.is_folder, paths.is_taken)
    for path in (tmp_path / ("long" * 100), Path("a\0b"), tmp_path / "nothing"):
        assert not any(ask(path) for ask in asked)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_looked_into_has_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").touch()
    (tmp_path / "closed").chmod(0)
    try:
        assert not paths.is_file(tmp_path / "closed" / "file")
        assert not paths.is_taken(tmp_path / "closed" / "file")
    finally:
        (tmp_path / "closed").chmod(0o700)
