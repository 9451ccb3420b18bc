"""A model like the one that ships, from the art to its pictures: `python packaging/bundled_model.py ART OUT`.

ART is the folder of the art that docs/model-card.md names. Built, trained, evaluated and drawn by the studio's own
commands, each printed before it runs; what is done already in OUT is not done again, and a training that was cut off
goes on where it stood: with legs of `--minutes` it can be spread over days.

    OUT/dataset       the built data set, with its split
    OUT/run           checkpoints, the run's card, and model.safetensors
    OUT/figures.txt   what `lunar-studio evaluate` says of the model: drawing, inventing, judging
    OUT/pictures      those of the model card
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

STEPS = 8700
SETTINGS = ("threads=1", "kl_weight=0.3", "teacher_mode=after", "prior.blocks=4", "prior.finish_share=2")
"""How the model that ships differs from the preset `sprite-32` (docs/model-card.md)."""

EVALUATIONS = ((), ("--samples",), ("--critic",), ("--refined", "2"))
_STUDIO = (sys.executable, "-m", "lunar_studio")


def building(art: Path, out: Path) -> list[str]:
    """The command that makes the data set of the model that ships."""
    return [*_STUDIO, "dataset", "build", str(art), "--out", str(out / "dataset"), "--size", "32", "--skip", "use=skip"]


def training(out: Path, *, steps: int, minutes: float | None, settings: tuple[str, ...] = SETTINGS) -> list[str]:
    """The command that trains, or goes on."""
    run = out / "run"
    command = [*_STUDIO, "train", str(out / "dataset"), "--out", str(run)]
    if (run / "config.json").exists():
        command.append("--resume")
    else:
        command += ["--preset", "sprite-32", *(word for value in settings for word in ("--set", value))]
    command += ["--max-steps", str(steps)]
    return command if minutes is None else [*command, "--max-minutes", f"{minutes:g}"]


def is_finished(out: Path) -> bool:
    """Whether the training has come to its end, by the run's own word."""
    told = out / "run" / "run.json"
    return told.exists() and json.loads(told.read_text(encoding="utf-8")).get("state") == "finished"


def _do(command: list[str]) -> str:
    """Run a command; what it prints is shown and returned.

    Raises:
        SystemExit: It failed; it has said why.
    """
    print("$", " ".join(command).replace(sys.executable, "python"), flush=True)
    told: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            told.append(line)
    if process.returncode:
        raise SystemExit(process.returncode)
    return "".join(told)


def main(words: list[str] | None = None) -> int:
    """Do what is not done yet; 0, or the status of the command that failed."""
    parser = argparse.ArgumentParser(description="A model like the one that ships, from the art to its pictures.")
    parser.add_argument("art", type=Path, help="folder of the art that docs/model-card.md names")
    parser.add_argument("out", type=Path, help="folder for data set, run, figures and pictures")
    parser.add_argument("--minutes", type=float, help="end this leg of the training after so many minutes")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps to end at (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="another setting, as for `train`")
    arguments = parser.parse_args(words)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "dataset").exists():
        _do(building(arguments.art, out))
    if not is_finished(out):
        settings = (*SETTINGS, *arguments.settings)
        _do(training(out, steps=arguments.steps, minutes=arguments.minutes, settings=settings))
    if not is_finished(out):
        print("The training is not at its end. The same command goes on with it.")
        return 0
    model = out / "run" / "model.safetensors"
    figures = [_do([*_STUDIO, "evaluate", str(out / "dataset"), "--model", str(model), *kind]) for kind in EVALUATIONS]
    (out / "figures.txt").write_text("\n".join(figures), encoding="utf-8")
    pictures = Path(__file__).with_name("model_pictures.py")
    (out / "pictures").mkdir(exist_ok=True)
    where = ["--model", str(model), "--out", str(out / "pictures")]
    _do([sys.executable, str(pictures), str(out / "dataset"), *where])
    return 0


if __name__ == "__main__":
    sys.exit(main())
