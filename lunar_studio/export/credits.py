"""Where the credits of an export stand: beside it, and never in the place of somebody else's file."""

from __future__ import annotations

from pathlib import Path

from lunar_studio.core.credits import HEADING

CREDITS_FILE = "CREDITS.txt"
_OWN_NAME = "CREDITS-lunar-studio.txt"


def credits_path(target: Path, *, is_folder: bool) -> Path:
    """The file for the credits of what is written to `target`.

    A folder of pictures gets `CREDITS.txt` inside, a single file `NAME-CREDITS.txt` beside it. Where a file of that
    name stands that the studio did not write, it is left alone, and another name is taken.

    Args:
        target: What is exported to.
        is_folder: Whether that is a folder.
    """
    first, second = (
        (target / CREDITS_FILE, target / _OWN_NAME)
        if is_folder
        else (target.with_name(f"{target.stem}-{name}") for name in (CREDITS_FILE, _OWN_NAME))
    )
    return second if _is_of_others(first) else first


def _is_of_others(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(HEADING.encode())) != HEADING.encode()
    except FileNotFoundError:
        return False
    except OSError:
        return True
