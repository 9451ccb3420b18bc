"""How fast the model answers that ships with the studio, and what bounds it.

Run as `python -m tests.bench.bundled [--model FILE] [--rounds N]` on a quiet machine, with both cores free. Each answer
is asked of the engine as the window asks it, from latent or sprite to finished pixels or scores; one sprite is one
thread's work there. One row draws without laying out the kernels beforehand (`models.packing`). The rows below bound
the first: the decoder's convolutions alone, not laid out, in turn as a sprite needs them; the same with each called
again and again, so that its weights lie in the nearest cache; and the whole drawing on both cores with threads that
spin while they wait (`OMP_WAIT_POLICY=ACTIVE`), which the studio does not do, because it costs a busy machine more than
it gives a quiet one. What the judge looks at of one sprite (`models.views`) stands beside the same by PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.core.latent import Latent
from lunar_studio.explore.blame import blame
from lunar_studio.explore.engine import BATCH, Engine, load
from lunar_studio.models.packing import packed
from lunar_studio.models.straight import straight
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.views import Views
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown

_SEED = 5
_WARM_UP = 10
_AGAIN = 20

Call = tuple[nn.Conv2d, Tensor]


def times_ms(work: Callable[[int], object], rounds: int) -> Spread:
    """How long `work(round)` takes, after a few rounds that do not count."""
    found: list[float] = []
    for index in range(-min(_WARM_UP, rounds), rounds):
        begun_s = time.perf_counter()
        work(index)
        if index >= 0:
            found.append((time.perf_counter() - begun_s) * 1000)
    return Spread.of(found)


def convolutions(engine: Engine, latent: Latent) -> list[Call]:
    """Every convolution that the drawing of one sprite calls, with what it is given, in order."""
    calls: list[Call] = []

    def noted(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, nn.Conv2d)
        calls.append((layer, given[0].clone(memory_format=torch.preserve_format)))

    hooks = [
        layer.register_forward_pre_hook(noted) for layer in engine.bundle.vae.modules() if isinstance(layer, nn.Conv2d)
    ]
    with engine.computing(1):
        engine.bundle.vae.render(torch.from_numpy(latent.values_L.copy())[None])
    for hook in hooks:
        hook.remove()
    return calls


def hot_ms(call: Call) -> float:
    """The quickest of some calls in a row of one convolution, in milliseconds."""
    layer, given = call
    found: list[float] = []
    for _ in range(_AGAIN):
        begun_s = time.perf_counter()
        layer(given)
        found.append((time.perf_counter() - begun_s) * 1000)
    return min(found)


def on_both_cores(model: Path | None, rounds: int) -> list[float]:
    """Times of drawing one sprite on every core, in milliseconds, of a fresh process whose threads spin."""
    words = ["-m", "tests.bench.bundled", "--spinning", "--rounds", str(rounds)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "ACTIVE"}
    where = [] if model is None else ["--model", str(model)]
    told = subprocess.run([sys.executable, *words, *where], env=environment, check=True, stdout=subprocess.PIPE)
    return [float(one) for one in json.loads(told.stdout)]


def spinning(engine: Engine, rounds: int) -> list[float]:
    """What `on_both_cores` asks of this process."""
    rows_NL = torch.from_numpy(np.stack([latent.values_L for latent in engine.sample(32, seed=_SEED)]))
    found: list[float] = []
    with engine.computing(BATCH):
        vae = packed(engine.bundle.vae, lambda network: network.render(rows_NL[:1]))
        draw = straight(vae, lambda z_1L: (vae.render(z_1L),), rows_NL[:1].clone())
        for index in range(rounds + _WARM_UP):
            begun_s = time.perf_counter()
            draw(rows_NL[index % 32][None])
            found.append((time.perf_counter() - begun_s) * 1000)
    return found[_WARM_UP:]


def measure(engine: Engine, rounds: int) -> dict[str, Spread]:
    """Times of each kind of answer."""
    latents = engine.sample(32, seed=_SEED)
    sprites = engine.decode_many(latents)
    few = max(3, rounds // 20)
    calls = convolutions(engine, latents[0])

    def convolve(_: int) -> None:
        for layer, given in calls:
            layer(given)

    vae = engine.bundle.vae
    rows_NL = torch.from_numpy(np.stack([latent.values_L for latent in latents]))
    with engine.computing(1):
        unpacked = straight(vae, lambda z_1L: (vae.render(z_1L),), rows_NL[:1].clone())

    def draw_unpacked(index: int) -> None:
        with engine.computing(1):
            unpacked(rows_NL[index % 32][None])

    judge = engine.judge
    assert isinstance(judge, LunarMoETeacher)
    views = Views(engine.info.image_size)

    def prepared(index: int) -> Tensor:
        return vae.prepare(torch.from_numpy(sprites[index % 32].rgba_HWC.copy())[None])

    with engine.computing(1):
        traced = straight(judge, lambda x_1CHW: (judge.see(x_1CHW),), prepared(0))

    def see_plainly(index: int) -> None:
        with engine.computing(1):
            traced(prepared(index))

    def recolour(index: int) -> None:
        values_L = latents[0].values_L.copy()
        values_L[0] += index / rounds
        engine.decode(Latent(values_L))

    found = {
        "decode and render one sprite": times_ms(lambda index: engine.decode(latents[index % 32]), rounds),
        "score one sprite, with its experts": times_ms(lambda index: engine.score(sprites[index % 32]), rounds),
        "both, as a slider asks": times_ms(lambda index: engine.score(engine.decode(latents[index % 32])), rounds),
        "decode and render, kernels as the model file has them": times_ms(draw_unpacked, rounds),
        "decode and render, only the colours being others": times_ms(recolour, rounds),
        "see one sprite as the judge does": times_ms(lambda index: views.of(sprites[index % 32].rgba_HWC), rounds),
        "see one sprite, by PyTorch, traced": times_ms(see_plainly, rounds),
        "sample 64 latents": times_ms(lambda index: engine.sample(64, seed=index + _WARM_UP), few),
        "blame map": times_ms(lambda index: blame(engine, sprites[index % 32]), few),
    }
    with engine.computing(1):
        found["bound: the decoder's convolutions"] = times_ms(convolve, rounds)
        hot = [sum(hot_ms(call) for call in calls) for _ in range(few)]
    found["bound: the same, weights in the nearest cache"] = Spread.of(hot)
    return found


def main() -> int:
    """Measure and print; 0 always."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, help="default: the one that ships with the studio")
    parser.add_argument("--rounds", type=int, default=300, help="times each answer is asked for")
    parser.add_argument("--spinning", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    engine = load(arguments.model)
    if arguments.spinning:
        print(json.dumps(spinning(engine, arguments.rounds)))
        return 0
    spreads = measure(engine, arguments.rounds)
    spreads["bound: drawing on both cores, threads spinning"] = Spread.of(
        on_both_cores(arguments.model, arguments.rounds)
    )
    print(machine_sentence(machine_facts()))
    print()
    print(markdown(["", *SPREAD_HEADS], [[what, *spread.row] for what, spread in spreads.items()]))
    calls = convolutions(engine, engine.sample(1, seed=_SEED)[0])
    products = sum(layer.weight.numel() * given.shape[2] * given.shape[3] for layer, given in calls)
    weights = sum(layer.weight.numel() * layer.weight.element_size() for layer, _ in calls)
    print(f"\nThe decoder's convolutions: {products / 1e6:.0f} million products, {weights / 1e6:.1f} MB of weights.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
