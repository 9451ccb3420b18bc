"""Small real things behind the ports: an explorer that draws little creatures, without torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Followed, Refined, RunEnded, TrainEvent
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.score import ExpertScore, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError, ModelFileError
from lunar_studio.session.ports import Explorer

SIZE = 32
LATENT_DIM = 24
_SHAPE_NAMES = (
    "bulk",
    "upright",
    "ears",
    "eyes apart",
    "belly",
    "feet",
    "lean",
    "arms",
    "grin",
    "spikes",
    "tail",
    "neck",
)
_COLOUR_NAMES = ("warm", "light", "rich", "belly light", "outline", "eyes")


def _axes() -> tuple[Direction, ...]:
    eye = np.eye(LATENT_DIM, dtype=np.float32)
    shape = [
        Direction(f"shape/{i}", name, "shape", eye[i], 0.0, 1.0, 0.5 / (i + 1)) for i, name in enumerate(_SHAPE_NAMES)
    ]
    shape += [Direction(f"shape/{i}", f"shape {i + 1}", "shape", eye[i], 0.0, 1.0, 0.01) for i in range(12, 16)]
    colour = [
        Direction(f"colour/{i}", name, "colour", eye[16 + i], 0.0, 1.0, 0.5 / (i + 1))
        for i, name in enumerate(_COLOUR_NAMES)
    ]
    return (*shape, *colour)


def draw(values: Sequence[float]) -> npt.NDArray[np.uint8]:
    """A creature, (32, 32, 4) uint8: a pure function of the latent's numbers."""
    v = np.tanh(np.asarray(values, np.float64) / 2)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    cx, cy = 15.5 + 2 * v[6] * (16 - y) / 16, 18.0 - 2 * v[1]
    wide, high = 8.5 + 3 * v[0], 8.5 + 3 * v[1]
    body = ((x - cx) / wide) ** 2 + ((y - cy) / high) ** 2 < 1
    for side in (-1, 1):
        ear_x, ear_y = cx + side * (5 + v[3]), cy - high - 1
        body |= (np.abs(x - ear_x) * 1.4 + np.abs(y - ear_y)) < 4 + 3 * v[2]
        body |= ((x - cx - side * (4 + v[3])) ** 2 + (y - cy - high) ** 2 / 2) < (6 + 3 * v[5])
        body |= ((x - cx - side * wide) ** 2 + (y - cy - 1 + 3 * v[7]) ** 2) < 5 + 3 * v[7]
    hue = 0.58 + 0.4 * v[16]
    base = 0.5 + 0.5 * np.cos(2 * np.pi * (hue + np.array([0.0, 0.33, 0.67])))
    base = (0.35 + 0.2 * v[17]) + base * (0.5 + 0.2 * v[18])
    out = np.zeros((SIZE, SIZE, 4))
    light = np.clip(0.85 - 0.5 * ((x - cx + 4) ** 2 + (y - cy + 5) ** 2) / 200, 0, 1)
    steps = np.round(light * 4) / 4
    out[body, :3] = base * (0.45 + 0.65 * steps[body][:, None])
    belly = ((x - cx) / (wide * 0.55)) ** 2 + ((y - cy - 3) / (high * 0.55)) ** 2 < 1 + 0.3 * v[4]
    out[body & belly, :3] = out[body & belly, :3] * 0.5 + 0.45 + 0.1 * v[19]
    edge = body & ~(np.roll(body, 1, 0) & np.roll(body, -1, 0) & np.roll(body, 1, 1) & np.roll(body, -1, 1))
    out[edge, :3] = base * (0.22 + 0.1 * v[20])
    for side in (-1, 1):
        white = (x - cx - side * (3 + v[3])) ** 2 + (y - cy + 3) ** 2 < 5
        out[white & body, :3] = 0.95
        out[((np.abs(x - cx - side * (3 + v[3])) < 1) & (np.abs(y - cy + 3) < 1.2)), :3] = 0.08
    mouth = (np.abs(x - cx) < 2.5 + v[8]) & (np.abs(y - cy - 1) < 0.6)
    out[mouth & body, :3] = base * 0.2
    out[body, 3] = 1
    return (np.clip(out, 0, 1) * 255 // 8 * 8).astype(np.uint8) | np.where(
        body[..., None], np.array([0, 0, 0, 255], np.uint8), 0
    )


class TinyExplorer:
    """A model of 24 numbers; decoding takes as long as drawing does, and `pause_s` more."""

    def __init__(self, name: str = "Creatures 32", pause_s: float = 0.0) -> None:
        self.pause_s = pause_s
        self.decoded = 0
        self._info = ModelInfo(
            name, "sprite", "sprite-32", 2_300_000, {"vae": 2_300_000}, SIZE, 4, LATENT_DIM, f"digest of {name}"
        )
        self._directions = _axes()

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def directions(self) -> tuple[Direction, ...]:
        return self._directions

    def decode(self, latent: Latent) -> Sprite:
        self.decoded += 1
        time.sleep(self.pause_s)
        return Sprite(draw(latent.values_L.tolist()))

    def score(self, sprite: Sprite) -> Score:
        share = float((sprite.rgba_HWC[..., 3] > 0).mean())
        names = ("silhouette", "outline", "palette", "clusters")
        values = [100 * min(1.0, abs(np.sin(share * (9 + 4 * i) + i))) for i in range(4)]
        gates = np.array([0.4, 0.3, 0.2, 0.1])
        experts = tuple(ExpertScore(n, float(g), float(v)) for n, g, v in zip(names, gates, values, strict=True))
        return Score(float(gates @ np.array(values)), experts)

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        random = np.random.default_rng([seed, len(prompt)])
        return tuple(Latent(random.normal(0, temperature, LATENT_DIM)) for _ in range(count))

    def encode(self, sprite: Sprite) -> Latent:
        means = sprite.rgba_HWC.reshape(-1, 4).astype(np.float32).mean(0) / 128 - 1
        return Latent(np.resize(means, LATENT_DIM))


class TinyLoader:
    """Opens `TinyExplorer`s; a file that is not called `*.good.safetensors` is refused."""

    def __init__(self, explorer: TinyExplorer | None = None) -> None:
        self.explorer = TinyExplorer() if explorer is None else explorer

    def __call__(self, path: Path | None) -> TinyExplorer:
        if path is None:
            return self.explorer
        if not path.name.endswith(".good.safetensors"):
            raise ModelFileError(f"{path.name} is not a model.", hint="Choose a file that Lunar Studio has written.")
        return TinyExplorer(path.stem)


def tiny_follower(
    explorer: Explorer, latent: Latent, pins: Overlay, *, should_stop: Callable[[], bool]
) -> Iterator[Followed]:
    """Walks one number of the latent up, a tenth at a time, for ten steps or until it is stopped."""
    del explorer, pins
    yield Followed(latent, 0.0, 0)
    for step in range(1, 11):
        if should_stop():
            return
        time.sleep(0.01)
        values = latent.values_L.copy()
        values[1] += 0.1 * step
        yield Followed(Latent(values), step / 10, step)


def tiny_refiner(explorer: Explorer, sprite: Sprite, *, should_stop: Callable[[], bool]) -> Iterator[Refined]:
    """Begins with the encoder's answer and walks one number up, a tenth nearer at a time, for ten steps or less."""
    latent = explorer.encode(sprite)
    yield Refined(latent, 0.0, 0)
    for step in range(1, 11):
        if should_stop():
            return
        time.sleep(0.01)
        values = latent.values_L.copy()
        values[1] += 0.1 * step
        yield Refined(Latent(values), step / 10, step)


def tiny_trainer(
    dataset: Path,
    run_dir: Path,
    config: RunConfig,
    *,
    resume: bool,
    should_stop: Callable[[], bool],
    should_pause: Callable[[], bool],
    should_finish: Callable[[], bool],
    should_leave: Callable[[], bool],
) -> Iterator[TrainEvent]:
    """A run that ends at once."""
    del dataset, config, resume, should_pause, should_finish, should_leave
    yield RunEnded(0, "stopped" if should_stop() else "finished", run_dir / "model.safetensors")


class TinyWriter:
    """Writes nothing where it may, and refuses where it may not."""

    def __call__(
        self,
        sprites: Sequence[Sprite],
        destination: Path,
        *,
        format_id: str,
        columns: int,
        own_texts: Sequence[Mapping[str, str]] = (),
        credit: str = "",
    ) -> tuple[Path, ...]:
        del own_texts, credit
        if not destination.parent.is_dir():
            raise ExportError(f"{destination.parent} is not there.", hint="Choose another folder.")
        destination.write_text(f"{len(sprites)} sprites, {columns} columns, {format_id}", encoding="utf-8")
        return (destination,)
