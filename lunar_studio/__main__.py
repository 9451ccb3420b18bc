"""The command `lunar-studio`, also `python -m lunar_studio`.

Kept tiny: what is imported here delays the window. The environment is set before anything can
import torch, whose OpenMP runtime reads it once: waiting threads must sleep, not spin, or a
training beside the window slows both more than tenfold on a machine of two cores.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 failed, 2 wrong usage.

    Args:
        argv: Arguments without the program's name; the process's own for None.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from lunar_studio import cli

    return cli.main(argv, open_window=open_window)


def open_window(model: Path | None, project: Path | None) -> int:
    """Open the studio; returns when its last window has closed.

    Handed to the command line, which stands below the window and cannot import it.
    """
    from lunar_studio import app

    return app.main(model=model, project=project)


if __name__ == "__main__":
    sys.exit(main())
