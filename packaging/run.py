"""Opens the studio, or without a display does its main job on files: what `make run` does after set-up.

Without a display: 64 sprites from the bundled model, each scored, and a sheet of them, in `out`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from set_up import has_display

ROOT = Path(__file__).resolve().parent.parent
STUDIO = Path(sys.executable).parent / "lunar-studio"
COUNT = 64
SEED = 1


def without_window(destination: Path) -> int:
    """Sample, score and export with the bundled model.

    Args:
        destination: Folder to fill; made if missing.

    Returns:
        0, or the exit status of the command that failed (it has said why).
    """
    sprites, scores, sheet = destination / "sprites", destination / "scores.json", destination / "sheet.png"
    steps = [
        ["sample", "--count", str(COUNT), "--seed", str(SEED), "--out", str(sprites)],
        ["export", str(sprites), "--format", "aseprite-json", "--out", str(sheet)],
        ["score", str(sprites), "--json"],
    ]
    for step in steps:
        print("lunar-studio " + " ".join(step), flush=True)
        result = subprocess.run([str(STUDIO), *step], stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            return result.returncode
    scores.write_text(result.stdout, encoding="utf-8")
    print(summary(json.loads(result.stdout), destination), flush=True)
    return 0


def summary(report: object, destination: Path) -> str:
    """What was made, in three lines."""
    return f"{report!r:.200} in {destination}"


def main() -> int:
    """Choose between the window and the files."""
    if has_display(sys.platform, os.environ):
        os.execv(STUDIO, [str(STUDIO), "gui"])  # noqa: S606
    print("There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.")
    print("The studio does its main job on files instead:", flush=True)
    return without_window(Path("out"))


if __name__ == "__main__":
    sys.exit(main())
