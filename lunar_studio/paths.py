"""Where files are: what ships with the studio, and the user's own folders.

Every folder of the user's moves under one roof when the environment names it in
`LUNAR_STUDIO_HOME`; tests and portable installs do. Nothing is created here: who writes, creates.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

HOME_VARIABLE = "LUNAR_STUDIO_HOME"
BUNDLED_MODEL_NAME = "dungeon-32.safetensors"

Folder = Callable[[], Path]
"""A question answered by one of the functions below."""

_APPLICATION = "lunar-studio"
_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """Folder of icons, palettes, models and licences that ship with the studio.

    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    # A wheel carries the folder inside the package; a checkout has it beside the package.
    for folder in (_PACKAGE / "_resources", _PACKAGE.parent / "resources"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"The studio's resources are missing beside {_PACKAGE}; install it again.")


def bundled_model() -> Path:
    """The model file that ships with the studio."""
    return resources() / "models" / BUNDLED_MODEL_NAME


def settings_file() -> Path:
    """The user's settings."""
    return _user_folder("config", platformdirs.user_config_path(_APPLICATION, appauthor=False)) / "settings.json"


def runs_dir() -> Path:
    """Folder of the user's training runs, one folder each."""
    return _user_folder("runs", _data() / "runs")


def datasets_dir() -> Path:
    """Folder of the data sets built from the user's art, one folder each."""
    return _user_folder("datasets", _data() / "datasets")


def exports_dir() -> Path:
    """Folder that export dialogs suggest."""
    return _user_folder("exports", platformdirs.user_pictures_path() / "Lunar Studio")


def cache_dir() -> Path:
    """Folder of what can be computed again; the user may delete it at any time."""
    return _user_folder("cache", platformdirs.user_cache_path(_APPLICATION, appauthor=False))


def sessions_dir() -> Path:
    """Folder of what running studios keep against a crash, one folder each."""
    return _user_folder("state", platformdirs.user_state_path(_APPLICATION, appauthor=False)) / "sessions"


def projects_dir() -> Path:
    """Folder that project dialogs suggest."""
    return _user_folder("projects", platformdirs.user_documents_path() / "Lunar Studio")


def _data() -> Path:
    return platformdirs.user_data_path(_APPLICATION, appauthor=False)


def _user_folder(name: str, usual: Path) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser().absolute() / name if home else usual


def is_file(path: Path) -> bool:
    """Whether there is a file; False where that may not be asked, which `Path.is_file` answers with an exception."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False where that may not be asked."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def is_taken(path: Path) -> bool:
    """Whether something is there; False where that may not be asked: writing there says then what is wrong."""
    with suppress(OSError, ValueError):
        return path.exists()
    return False
