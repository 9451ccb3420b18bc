"""Opens the studio, or without a display does its main job on files: what `make run` does after set-up.

Without a display: 64 sprites from the bundled model, each scored, and a sheet of them, in `out`.
"""

import os
import subprocess
import sys
from pathlib import Path

from set_up import has_display

ROOT = Path(__file__).resolve().parent.parent
STUDIO = [sys.executable, "-m", "lunar_studio"]
COUNT = 64
SEED = 1
NO_DISPLAY = """\
There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.
The studio does its main job on files instead:
"""
MADE = f"""\
  sprites/            {COUNT} sprites, each a PNG that carries its seed
  sprites/scores.json what the teacher says of each
  overview.png        all of them, enlarged, to look at
  sheet.png           all of them as a sprite sheet, for an engine
  sheet.json          the frames of that sheet, as Aseprite writes them"""


def job(destination: Path) -> list[list[str]]:
    """The main job as arguments of `lunar-studio`, in order.

    Args:
        destination: Folder for everything that is made.
    """
    sprites = destination / "sprites"
    return [
        [
            *("sample", "--count", str(COUNT), "--seed", str(SEED)),
            *("--out", str(sprites), "--sheet", str(destination / "overview.png")),
        ],
        ["export", str(sprites), "--format", "sheet", "--out", str(destination / "sheet.png")],
    ]


def without_window(destination: Path) -> int:
    """Do the main job; 0, or the exit status of the command that failed (it has said why)."""
    print(NO_DISPLAY, flush=True)
    for arguments in job(destination):
        print("$ lunar-studio " + " ".join(arguments), flush=True)
        status = subprocess.run([*STUDIO, *arguments], cwd=ROOT, check=False).returncode
        if status != 0:
            return status
    print(f"\nIn {destination} there are now:\n{MADE}", flush=True)
    return 0


def main(arguments: list[str]) -> int:
    """Choose between the window and the files, which go to `out` or to the folder named."""
    if has_display(sys.platform, os.environ):
        os.chdir(ROOT)
        os.execv(sys.executable, [*STUDIO, "gui"])  # noqa: S606 - the studio takes this process over
    return without_window(Path(arguments[0]) if arguments else Path("out"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
