"""The wheel carries the studio and its resources, and finds them where it is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_every_file_of_the_package_and_the_resources_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lunar_studio").rglob("*.py")}
    resources = {
        "lunar_studio/_resources/" + path.relative_to(ROOT / "resources").as_posix()
        for path in (ROOT / "resources").rglob("*")
        if path.is_file()
    }
    assert package | resources | {"lunar_studio/py.typed"} <= inside
    assert not {name for name in inside if name.startswith(("tests", "packaging", "docs"))}


def test_an_installed_studio_finds_its_resources(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            archive.extract(name, tmp_path)
    code = "from lunar_studio import paths; print(paths.resources()); print(paths.bundled_model())"
    # Isolated from the checkout: -P keeps the working folder off the path.
    run = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    folder, model = run.stdout.splitlines()
    assert folder == str(tmp_path / "lunar_studio" / "_resources")
    assert Path(model).parent == Path(folder) / "models"


def test_the_command_is_installed_with_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        text = archive.read(name).decode()
    assert "lunar-studio = lunar_studio.__main__:main" in text
