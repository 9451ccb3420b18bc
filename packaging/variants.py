"""What each choice in the model is worth, side by side: `python packaging/variants.py DATASET OUT [--steps 250]`.

Trains the preset `sprite-32` and its variants for equally many steps on one thread, each with one choice changed, with
the studio's own command, and asks each what it makes of the held-out art. Short trainings, so a variant that would
catch up later looks worse than it is; the table is for choices that differ much. What is done already in OUT is not
done again, and a training that was cut off goes on, so it can be spread over days.

Prints the table of docs/model-card.md, and with `--write` puts it there and draws docs/images/model-variants.png: a
row of held-out sprites, evenly from the whole, as each variant redraws them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.explore.engine import load
from lunar_studio.pixels.contact import contact_sheet
from lunar_studio.pixels.files import write_png

VARIANTS: dict[str, tuple[str, ...]] = {
    "the preset": (),
    "latent: 12 numbers a cell instead of 6": ("vae.cell_channels=12",),
    "latent: no detail": ("vae.detail_channels=0",),
    "K: 12 colours instead of 24": ("vae.colours=12",),
    "KL weight 1 instead of 0.3": ("kl_weight=1",),
    "KL weight 0.03": ("kl_weight=0.03",),
    "capacity: half as wide": ("vae.widths=32,96",),
    "loss: a likelihood twice as tolerant of other colours": ("vae.likelihood_sigma=0.12",),
    "a teacher beside it that rewards": ("teacher_mode=joint", "quality_weight=50", "adversarial_weight=1"),
    "augmentation: none": ("flip=false", "shift_px=0", "recolour=0"),
    "no average of the weights": ("ema_decay=0",),
}
"""What is changed, by what the table calls it."""

_COMMON = (
    "threads=1",
    "kl_weight=0.3",
    "teacher_mode=off",
    "prior.finish_share=0",
    "validate_every=1000000",
    "milestones=0",
)
_STUDIO = (sys.executable, "-m", "lunar_studio")
_ROOT = Path(__file__).resolve().parent.parent
_PAGE, _PICTURE = _ROOT / "docs" / "model-card.md", _ROOT / "docs" / "images" / "model-variants.png"
_BEGIN, _END = "<!-- variants: packaging/variants.py -->", "<!-- end of variants -->"
_REDRAWN, _SCALE = 14, 2
_HEADS = ("", "what differs", "minutes", "PSNR dB", "exact pixels", "alpha IoU")


def run_of(out: Path, number: int) -> Path:
    """The folder of a variant's training."""
    return out / f"variant-{number:02}"


def train(dataset: Path, run: Path, settings: Sequence[str], steps: int) -> None:
    """Train a variant, or go on with it; one that is at its end is left.

    Raises:
        SystemExit: It failed; it has said why.
    """
    told = run / "run.json"
    if told.exists() and json.loads(told.read_text(encoding="utf-8")).get("state") == "finished":
        return
    command = [*_STUDIO, "train", str(dataset), "--out", str(run), "--max-steps", str(steps)]
    if (run / "config.json").exists():
        command.append("--resume")
    else:
        command += ["--preset", "sprite-32", *(word for value in (*_COMMON, *settings) for word in ("--set", value))]
    print("$", " ".join(command).replace(sys.executable, "python"), file=sys.stderr, flush=True)
    if status := subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        raise SystemExit(status)


def figures(dataset: Path, model: Path) -> dict[str, float]:
    """What `lunar-studio evaluate` says of a model's drawing."""
    command = [*_STUDIO, "evaluate", str(dataset), "--model", str(model), "--json"]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {name: float(told[name]) for name in ("psnr", "exact_pixel", "alpha_iou")}


def minutes_of(run: Path) -> float:
    """Minutes of the steps alone, by the run's own clock."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [event for event in map(json.loads, lines) if event["event"] == "StepDone"]
    return float(steps[-1]["elapsed_s"]) / 60.0


def table(dataset: Path, out: Path) -> str:
    """Markdown of every variant that is at its end."""
    rows = ["| " + " | ".join(_HEADS) + " |", "|---:|---|" + "---:|" * (len(_HEADS) - 2)]
    for number, name in enumerate(VARIANTS, 1):
        run = run_of(out, number)
        found = figures(dataset, run / "model.safetensors")
        cells = (
            str(number),
            name,
            f"{minutes_of(run):.1f}",
            f"{found['psnr']:.1f}",
            f"{found['exact_pixel']:.3f}",
            f"{found['alpha_iou']:.3f}",
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def picture(dataset: Dataset, out: Path) -> Sprite:
    """A row for each variant: the same held-out sprites as it redraws them."""
    held_out = dataset.indices("validation")
    chosen = held_out[np.linspace(0, len(held_out) - 1, _REDRAWN).astype(np.int64)]
    sprites = [Sprite(np.ascontiguousarray(dataset.sprites_NHWC[index])) for index in chosen]
    drawn: list[Sprite] = []
    labels: list[str] = []
    for number in range(1, len(VARIANTS) + 1):
        engine = load(run_of(out, number) / "model.safetensors")
        drawn += engine.decode_many(engine.encode_many(sprites))
        labels += [str(number), *[""] * (_REDRAWN - 1)]
    return contact_sheet(drawn, _REDRAWN, _SCALE, labels)


def main(words: list[str] | None = None) -> int:
    """Train what is missing and tell; 0, or the status of the command that failed."""
    parser = argparse.ArgumentParser(description="What each choice in the model is worth, side by side.")
    parser.add_argument("dataset", type=Path, help="the data set that the model was trained on")
    parser.add_argument("out", type=Path, help="folder for the trainings")
    parser.add_argument("--steps", type=int, default=250, help="of each training (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put table and picture into docs/")
    given = parser.parse_args(words)
    given.out.mkdir(parents=True, exist_ok=True)
    for number, settings in enumerate(VARIANTS.values(), 1):
        train(given.dataset, run_of(given.out, number), settings, given.steps)
    told = table(given.dataset, given.out)
    print(told)
    if given.write:
        page = _PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(_BEGIN)
        _, _, after = rest.partition(_END)
        _PAGE.write_text(f"{before}{_BEGIN}\n{told}\n{_END}{after}", encoding="utf-8")
        write_png(picture(Dataset.open(given.dataset), given.out), _PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
