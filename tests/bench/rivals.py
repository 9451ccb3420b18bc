"""How exactly ours draws held-out sprites, beside the document's network and four models of two libraries.

    python -m tests.bench.rivals --set-up runs/rivals/env   # once: Pythae and diffusers, apart from the studio's own
    python -m tests.bench.rivals DATASET --out runs/rivals --minutes 60 --python runs/rivals/env/bin/python

Each contestant trains alone in a process of its own, on one thread, for as many minutes of *processor* time as every
other, on the same pictures in the same order (`rival_training`), set up as `rival_networks` says. All are judged by
`lunar_studio.evaluation` on the held-out part; whoever draws soft pixels is judged in several readings and keeps the
best, and so with live and averaged weights. What a contestant reached is kept in `--out`, so a bench that was cut off
goes on where it stopped: with the same data set, minutes, seed and configuration nothing is trained twice.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lunar_studio.core.config import RunConfig
from lunar_studio.core.presets import DEFAULT_PRESET, preset
from lunar_studio.data.dataset import Dataset
from tests.bench.figures import machine_facts, machine_sentence, markdown
from tests.bench.rival_networks import CONTESTANTS, NEEDS, SIZE_PX
from tests.bench.rival_training import (
    CpuClock,
    Stream,
    Trained,
    best_of,
    choose_precision,
    choose_rate,
    evenly,
    judge,
    train,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pythae==0.1.2", "diffusers==0.42.1")
_RATE_SHARE = 1 / 8
"""Of the minutes, for each learning rate that is tried; they do not count."""

_RATED, _SHOWN = 256, 24


def settings_of(name: str, dataset: Dataset, config: RunConfig, minutes: float, seed: int) -> dict[str, object]:
    """What decides a contestant's result; the configuration counts for ours only."""
    ours = name == next(iter(CONTESTANTS))
    return {
        "contestant": name,
        "dataset": dataset.digest,
        "minutes": minutes,
        "seed": seed,
        "config": json.loads(msgspec.json.encode(config)) if ours else None,
    }


def race(name: str, dataset: Dataset, config: RunConfig, minutes: float, seed: int, out: Path) -> dict[str, Any]:
    """Train and judge one contestant in this process; its result, which is also written to `out`."""
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)

    def build() -> Any:  # noqa: ANN401 - a Contestant
        torch.manual_seed(seed)
        return CONTESTANTS[name](config)

    stream = Stream(dataset, config.training, seed)
    plan, precision_ms = choose_precision(build, stream)
    rated = dataset.sprites_NHWC[evenly(dataset.indices("train"), _RATED)]
    rate, rates = choose_rate(build, stream, rated, plan, seconds=minutes * 60 * _RATE_SHARE, seed=seed)
    tried = ", ".join(f"{value:g}: {exact:.3f}" for value, exact in rates.items()) or "as configured"
    print(f"{name}: {plan.precision}, rate {rate:g} ({tried})", file=sys.stderr, flush=True)
    contestant = build()
    trained = train(contestant, stream, CpuClock(minutes * 60), plan, rate, seed)
    held_out = dataset.indices("validation")
    figures = judge(trained, dataset.sprites_NHWC[held_out], dataset.families[held_out])
    best = best_of(figures)
    result = {
        "settings": settings_of(name, dataset, config, minutes, seed),
        "parameters": contestant.parameter_count(),
        "batch_size": contestant.recipe.batch_size,
        "precision": plan.precision,
        "precision_ms": precision_ms,
        "rate": rate,
        "rates_exact": {str(tried): exact for tried, exact in rates.items()},
        "steps": trained.steps,
        "skipped": trained.skipped,
        "images": trained.images,
        "cpu_minutes": trained.cpu_s / 60,
        "reading": best.reading,
        "figures": figures[best.reading],
        "readings": figures,
        "versions": {package: version(package) for package in ("torch", *([NEEDS[name]] if name in NEEDS else []))},
        "machine": machine_facts(),
    }
    show(trained, best.reading, dataset, out / f"{name}.png")
    _write(out / f"{name}.json", result)
    return result


def show(trained: Trained, reading: str, dataset: Dataset, path: Path) -> None:
    """A picture of held-out sprites, each above what became of it in the reading that counts."""
    import torch

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.pixels.contact import contact_sheet
    from lunar_studio.pixels.files import write_png

    places = evenly(dataset.indices("validation"), _SHOWN)
    which, _, way = reading.partition(", ")
    with torch.inference_mode():
        originals, drawn = trained.networks[which].readings(torch.from_numpy(dataset.sprites_NHWC[places]))[way]
    columns = len(places) // 2
    sprites = []
    for start in range(0, len(places), columns):
        for half in (originals, drawn):
            sprites += [Sprite(np.ascontiguousarray(rgba)) for rgba in half[start : start + columns].numpy()]
    write_png(contact_sheet(sprites, columns, 2), path, {})


def kept(name: str, settings: dict[str, object], out: Path) -> dict[str, Any] | None:
    """The result that an earlier bench left for these settings, if it is whole."""
    try:
        found: dict[str, Any] = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return found if found.get("settings") == settings else None


def _write(path: Path, document: dict[str, Any]) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".writing")
    temporary.write_text(json.dumps(document, indent=2), encoding="utf-8")
    temporary.replace(path)


def table(results: dict[str, dict[str, Any]]) -> str:
    """Results as Markdown; the last column compares inexact pixels with those of ours, the first."""
    ours = next((found for name, found in results.items() if name == next(iter(CONTESTANTS))), None)
    rows = []
    for name, found in results.items():
        figures = found["figures"]
        inexact = 1.0 - figures["exact_pixel"]
        half = figures["confidence"]["exact_pixel"]
        ratio = f"{(1.0 - ours['figures']['exact_pixel']) / inexact:.2f}" if ours and inexact > 0 else "–"
        rows.append(
            [
                f"{name} ({found['reading']})",
                f"{found['parameters'] / 1e6:.2f}",
                f"{found['precision']}, {found['rate']:g}",
                f"{found['images']:,}",
                f"{found['cpu_minutes']:.1f}",
                f"{figures['psnr']:.2f}",
                f"{figures['exact_pixel']:.4f} ± {half:.4f}",
                "–" if "black" in found["reading"] else f"{figures['alpha_iou']:.4f}",
                f"{inexact:.4f}",
                ratio,
            ]
        )
    heads = ["contestant", "M params", "precision, rate", "images", "CPU min", "PSNR dB", "exact", "alpha IoU"]
    return markdown([*heads, "inexact", "ours / theirs"], rows)


def set_up(folder: Path) -> int:
    """Make an environment with the rivals in it that sees the studio's packages but does not change them."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    where = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(where) / "studio.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    constraints = str(ROOT / "packaging" / "constraints.txt")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--constraint", constraints, *PACKAGES]
    return subprocess.run(pip, check=False).returncode


def bench(arguments: argparse.Namespace, dataset: Dataset, config: RunConfig) -> int:
    """Race whoever has no result yet, print the table; 1 where a contestant failed or its package is missing."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    failed = 0
    for name in arguments.only or CONTESTANTS:
        settings = settings_of(name, dataset, config, arguments.minutes, arguments.seed)
        if kept(name, settings, arguments.out) is None:
            print(f"{name}: {arguments.minutes:g} minutes of processor time", file=sys.stderr, flush=True)
            words = [arguments.python, "-m", "tests.bench.rivals", str(arguments.dataset), "--race", name]
            words += ["--out", str(arguments.out), "--minutes", str(arguments.minutes), "--seed", str(arguments.seed)]
            words += ["--config", str(arguments.config)] if arguments.config else []
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
            subprocess.run(words, check=False, env=environment, cwd=Path.cwd())
        found = kept(name, settings, arguments.out)
        if found is None:
            failed = 1
            print(f"{name}: no result", file=sys.stderr)
        else:
            results[name] = found
    if results:
        _write(arguments.out / "rivals.json", {"results": results})
        print(f"{machine_sentence(machine_facts())}; one thread each.\n\n{table(results)}")
    return failed


def main() -> int:
    """Read the command line and do what it asks for."""
    parser = argparse.ArgumentParser(description="Exact pixels of ours and of others after the same processor time.")
    parser.add_argument("dataset", type=Path, nargs="?", help=f"built data set of {SIZE_PX} px")
    parser.add_argument("--out", type=Path, default=Path("runs/rivals"), help="folder where results are kept")
    parser.add_argument("--minutes", type=float, default=60.0, help="of processor time for each")
    parser.add_argument("--only", nargs="+", choices=list(CONTESTANTS), help="some contestants")
    parser.add_argument("--config", type=Path, help=f"config.json of a run for ours (default: {DEFAULT_PRESET})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the rivals' packages")
    parser.add_argument("--set-up", type=Path, metavar="FOLDER", help="make such an environment, and end")
    parser.add_argument("--race", choices=list(CONTESTANTS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.set_up is not None:
        return set_up(arguments.set_up)
    if arguments.dataset is None:
        parser.error("name a data set")
    if not arguments.minutes > 0:
        parser.error("--minutes must be above 0")
    dataset = Dataset.open(arguments.dataset)
    if dataset.size != SIZE_PX:
        parser.error(f"the contestants are set up for {SIZE_PX} px, and this data set has {dataset.size}")
    if not len(dataset.indices("validation")):
        parser.error("the data set holds no sprites out, so nothing can be judged")
    config = preset(DEFAULT_PRESET)
    if arguments.config:
        config = msgspec.json.decode(arguments.config.read_bytes(), type=RunConfig)
    if arguments.race is None:
        return bench(arguments, dataset, config)
    if arguments.race in NEEDS and importlib.util.find_spec(NEEDS[arguments.race]) is None:
        print(f"{NEEDS[arguments.race]} is not installed for {sys.executable}; see --set-up", file=sys.stderr)
        return 1
    race(arguments.race, dataset, config, arguments.minutes, arguments.seed, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
