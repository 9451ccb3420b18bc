"""The command `lunar-studio`, also `python -m lunar_studio`.

Kept tiny: what is imported here delays the window. How threads wait is set before anything can import numpy or torch.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lunar_studio.errors import LunarError
from lunar_studio.waiting import let_waiting_threads_sleep


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 failed, 2 wrong usage.

    Args:
        argv: Arguments without the program's name; the process's own for None.
    """
    let_waiting_threads_sleep()
    from lunar_studio import cli

    return cli.main(argv, open_window=open_window)


def open_window(model: Path | None, project: Path | None) -> int:
    """Open the studio; returns the exit status when its last window has closed.

    Handed to the command line, which stands below the window and cannot import it.

    Args:
        model: Model file to open; the bundled one for None.
        project: Project file to open; none for None.

    Raises:
        LunarError: There is no display. Qt would abort the process without a word to the artist.
    """
    if not has_display(sys.platform, os.environ):
        raise LunarError(
            "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            hint="Every ability works without a window too: `lunar-studio --help` lists them.",
        )
    from lunar_studio import app

    return app.run(model, project)


def has_display(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether Qt can open a window.

    Args:
        platform: As in `sys.platform`; only Linux can be without a display.
        environment: As in `os.environ`; whoever names Qt's platform there knows what it needs.
    """
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not platform.startswith("linux") or any(environment.get(name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
