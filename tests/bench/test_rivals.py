"""The race is fair: everybody sees the same pictures, time is processor time, and the judge reads generously."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig
from lunar_studio.core.presets import PRESETS, preset
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.pixels.files import write_png
from lunar_studio.training.device import Plan
from tests.bench import rivals
from tests.bench.rival_networks import CONTESTANTS, NEEDS, Ours, drawer, over_black, pictures, reader
from tests.bench.rival_training import (
    Contestant,
    CpuClock,
    Pair,
    Recipe,
    Stream,
    best_of,
    choose_precision,
    choose_rate,
    evenly,
    judge,
    learn,
    train,
)
from tests.pixels.drawn import blob
from tests.training.small_art import small_dataset

CPU = Plan(torch.device("cpu"), "fp32", "in tests")
SETTINGS = PRESETS["sprite-32"].training


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(small_dataset(tmp_path_factory.mktemp("art")))


def ticking(step_s: float = 1.0) -> Callable[[], float]:
    """A clock that goes on by `step_s` each time somebody looks."""
    now = [-step_s]

    def look() -> float:
        now[0] += step_s
        return now[0]

    return look


class Gray(Contestant):
    """Learns one gray level; notes what it is shown."""

    def __init__(self, recipe: Recipe, sick_at: int | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        self.level = nn.Parameter(torch.tensor(0.25))
        self.seen: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
        self.shares: list[float] = []
        self._sick_at = sick_at

    def prepare(self, rgba_BHWC: Tensor) -> Tensor:
        self.seen.append(rgba_BHWC.numpy().copy())
        return rgba_BHWC.permute(0, 3, 1, 2).float() / 255

    def loss(self, x: Tensor, share: float) -> Tensor:
        self.shares.append(share)
        loss = ((x - self.level) ** 2).mean()
        return loss * float("nan") if self._sick_at == len(self.shares) - 1 else loss

    def readings(self, rgba_BHWC: Tensor) -> dict[str, Pair]:
        gray = torch.full_like(rgba_BHWC, int(float(self.level.detach()) * 255))
        return {"as drawn": (rgba_BHWC, gray), "copied": (rgba_BHWC, rgba_BHWC)}


# ---- time ----------------------------------------------------------------------------------------------


def test_the_clock_begins_when_it_is_made_and_ends_with_its_budget() -> None:
    now = [100.0]
    clock = CpuClock(10.0, lambda: now[0])
    assert (clock.spent_s, clock.share, clock.is_over) == (0.0, 0.0, False)
    now[0] = 105.0
    assert (clock.spent_s, clock.share, clock.is_over) == (5.0, 0.5, False)
    now[0] = 130.0
    assert (clock.share, clock.is_over) == (1.0, True)
    for none in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="is none"):
            CpuClock(none)


def test_waiting_costs_nothing_and_computing_does() -> None:
    import time

    clock = CpuClock(1000.0)
    time.sleep(0.3)
    asleep_s = clock.spent_s
    begun = time.process_time()
    while time.process_time() - begun < 0.3:
        sum(range(1000))
    assert asleep_s < 0.2
    assert clock.spent_s >= asleep_s + 0.3


# ---- pictures ------------------------------------------------------------------------------------------


def test_the_stream_is_one_whoever_reads_it(dataset: Dataset) -> None:
    stream = Stream(dataset, SETTINGS, 3)
    long = stream.batch(0, 96)
    assert long.shape == (96, dataset.size, dataset.size, 4)
    np.testing.assert_array_equal(long, np.concatenate([stream.batch(0, 32), stream.batch(32, 64)]))
    np.testing.assert_array_equal(long, Stream(dataset, SETTINGS, 3).batch(0, 96))
    assert (long != Stream(dataset, SETTINGS, 4).batch(0, 96)).any()
    assert (stream.batch(0, 32) != stream.batch(32, 32)).any()
    for first, count in ((0, 33), (16, 32), (0, 0), (0, -32)):
        with pytest.raises(ValueError, match="whole units"):
            stream.batch(first, count)


def test_only_training_sprites_are_in_it(dataset: Dataset) -> None:
    plain = msgspec.structs.replace(SETTINGS, flip=False, shift_px=0, recolour=0.0)
    known = {dataset.sprites_NHWC[index].tobytes() for index in dataset.indices("train")}
    held_out = {dataset.sprites_NHWC[index].tobytes() for index in dataset.indices("validation")}
    seen = {sprite.tobytes() for sprite in Stream(dataset, plain, 0).batch(0, 320)}
    assert seen <= known
    assert not seen & (held_out - known)
    assert len(seen) > len(known) / 2


def test_who_takes_other_batches_sees_the_same_pictures(dataset: Dataset) -> None:
    stream = Stream(dataset, SETTINGS, 0)
    small, large = Gray(Recipe((0.1,), batch_size=32)), Gray(Recipe((0.1,), batch_size=64))
    train(small, stream, CpuClock(20.0, ticking()), CPU, 0.1, 0)
    train(large, stream, CpuClock(20.0, ticking()), CPU, 0.1, 0)
    one, two = np.concatenate(small.seen), np.concatenate(large.seen)
    count = min(len(one), len(two))
    assert count >= 128
    np.testing.assert_array_equal(one[:count], two[:count])


# ---- training ------------------------------------------------------------------------------------------


def test_a_race_ends_with_its_time_and_tells_what_was_done(dataset: Dataset) -> None:
    contestant = Gray(Recipe((0.1,), batch_size=32, average=0.9))
    trained = train(contestant, Stream(dataset, SETTINGS, 0), CpuClock(20.0, ticking()), CPU, 0.1, 0)
    assert trained.steps == len(contestant.seen) == 10, "the clock is looked at twice a step"
    assert (trained.images, trained.skipped) == (320, 0)
    assert trained.cpu_s >= 20.0
    assert contestant.shares == sorted(contestant.shares)
    assert (contestant.shares[0], contestant.shares[-1]) == (0.1, 1.0)
    live, average = (trained.networks[name] for name in ("live", "average"))
    assert isinstance(live, Gray)
    assert isinstance(average, Gray)
    assert not live.training
    followed, moved = abs(float(average.level) - 0.25), abs(float(live.level.detach()) - 0.25)
    assert 0.0 < followed < moved


def test_without_averages_only_the_live_network_is_judged(dataset: Dataset) -> None:
    contestant = Gray(Recipe((0.1,), batch_size=32, average=0.0))
    trained = train(contestant, Stream(dataset, SETTINGS, 0), CpuClock(4.0, ticking()), CPU, 0.1, 0)
    assert list(trained.networks) == ["live"]


def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(dataset: Dataset) -> None:
    contestant = Gray(Recipe((0.1,), batch_size=32), sick_at=0)
    optimizer = torch.optim.AdamW(contestant.parameters(), lr=0.1)
    batch = torch.from_numpy(Stream(dataset, SETTINGS, 0).batch(0, 32))
    assert not learn(contestant, optimizer, batch, 0.0, CPU)
    assert float(contestant.level.detach()) == 0.25
    assert contestant.level.grad is None
    assert learn(contestant, optimizer, batch, 0.0, CPU)
    assert float(contestant.level.detach()) != 0.25
    sick = Gray(Recipe((0.1,), batch_size=32), sick_at=2)
    trained = train(sick, Stream(dataset, SETTINGS, 0), CpuClock(20.0, ticking()), CPU, 0.1, 0)
    assert (trained.steps, trained.skipped, trained.images) == (9, 1, 320)


def test_rates_rise_and_fall() -> None:
    recipe = Recipe((1e-3,), warmup_steps=10)
    assert recipe.factor(0, 0.0) == pytest.approx(0.1)
    assert recipe.factor(9, 0.0) == pytest.approx(1.0)
    assert recipe.factor(99, 0.5) == pytest.approx(0.505)
    assert recipe.factor(99, 1.0) == pytest.approx(0.01)
    assert Recipe((1e-3,), warmup_steps=0, falls=False).factor(0, 0.9) == 1.0


def test_the_rate_that_draws_best_after_a_short_run_is_taken(dataset: Dataset) -> None:
    class Picky(Gray):
        """Draws well only at the middle rate."""

        def readings(self, rgba_BHWC: Tensor) -> dict[str, Pair]:
            close = abs(float(self.level.detach()) - 0.25) < 0.05
            return {"as drawn": (rgba_BHWC, rgba_BHWC if close else 255 - rgba_BHWC)}

    stream, sprites = Stream(dataset, SETTINGS, 0), dataset.sprites_NHWC[:4]
    recipe = Recipe((50.0, 1e-4, 80.0), batch_size=32, clip=0.0, warmup_steps=0)
    rate, exact = choose_rate(lambda: Picky(recipe), stream, sprites, CPU, seconds=0.05, seed=0)
    assert rate == 1e-4
    assert set(exact) == {50.0, 1e-4, 80.0}
    assert exact[1e-4] == 1.0 > exact[50.0]
    assert choose_rate(lambda: Picky(Recipe((0.3,))), stream, sprites, CPU, seconds=1.0, seed=0) == (0.3, {})


def test_the_precision_is_one_that_this_processor_has(dataset: Dataset) -> None:
    plan, times_ms = choose_precision(lambda: Gray(Recipe((0.1,), batch_size=32)), Stream(dataset, SETTINGS, 0))
    assert plan.precision in times_ms
    assert times_ms[plan.precision] == min(times_ms.values())
    assert "fp32" in times_ms


# ---- judging -------------------------------------------------------------------------------------------


def test_the_better_reading_counts(dataset: Dataset) -> None:
    contestant = Gray(Recipe((0.1,), batch_size=32, average=0.9))
    trained = train(contestant, Stream(dataset, SETTINGS, 0), CpuClock(4.0, ticking()), CPU, 0.1, 0)
    figures = judge(trained, dataset.sprites_NHWC[:70], dataset.families[:70])
    assert set(figures) == {"live, as drawn", "live, copied", "average, as drawn", "average, copied"}
    assert figures["live, copied"]["exact_pixel"] == 1.0 > figures["live, as drawn"]["exact_pixel"]
    assert figures["live, copied"]["count"] == min(70, len(dataset))
    assert best_of(figures).exact == 1.0
    assert best_of(figures).reading.endswith("copied")


def test_soft_pictures_are_read_three_ways() -> None:
    planes = torch.zeros(1, 1, 4, 4)
    planes[0, 0, :, 3] = torch.tensor([0.0, 0.4, 0.6, 1.2])
    planes[0, 0, :, 0] = torch.tensor([0.3, 0.2, 0.3, 0.7])
    read = {name: picture[0, 0].tolist() for name, picture in pictures(planes).items()}
    assert read["soft"] == [[0, 0, 0, 0], [128, 0, 0, 102], [128, 0, 0, 153], [178, 0, 0, 255]]
    assert read["hard"] == [[0, 0, 0, 0], [0, 0, 0, 0], [128, 0, 0, 255], [178, 0, 0, 255]]
    assert read["hard, colours as they are"] == [[0, 0, 0, 0], [0, 0, 0, 0], [76, 0, 0, 255], [178, 0, 0, 255]]


def test_hard_art_comes_back_exactly_in_every_reading(dataset: Dataset) -> None:
    from tests.bench.rival_networks import Rival

    class Copies(Rival):
        def loss(self, x: Tensor, share: float) -> Tensor:
            return x.mean() * share

        def redraw(self, x_BCHW: Tensor) -> Tensor:
            return x_BCHW

    sprites = np.array(dataset.sprites_NHWC[:8])
    sprites[..., 3] = np.where(sprites[..., 3] >= 128, 255, 0)
    sprites[sprites[..., 3] == 0] = 0
    for original, drawn in Copies().readings(torch.from_numpy(sprites)).values():
        torch.testing.assert_close(drawn, original, rtol=0, atol=0)


def test_a_family_without_alpha_is_judged_by_its_colours() -> None:
    sprite = torch.tensor([[[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 128]]]], dtype=torch.uint8)
    assert over_black(sprite)[0, 0].tolist() == [[200, 100, 50, 255], [0, 0, 0, 255], [100, 50, 25, 255]]
    classic = Ours(preset("classic-128")).eval()
    assert classic.recipe == Recipe(
        rates=(1e-4,), batch_size=32, weight_decay=1e-6, falls=False, warmup_steps=0, clip=0.0, average=0.0
    )
    assert classic.prepare(torch.zeros(1, 32, 32, 4, dtype=torch.uint8)).shape == (1, 3, 128, 128), "enlarged 4 times"
    with torch.inference_mode():
        readings = classic.readings(torch.zeros(1, 32, 32, 4, dtype=torch.uint8))
    ((name, (original, drawn)),) = readings.items()
    assert name == "colours over black"
    assert original.shape == drawn.shape == (1, 32, 32, 4)
    assert (drawn[..., 3] == 255).all()


def test_ours_trains_with_its_own_recipe() -> None:
    ours = CONTESTANTS["sprite-32"](PRESETS["sprite-32"])
    assert (ours.recipe.rates, ours.recipe.batch_size, ours.recipe.average) == ((2e-3,), 64, 0.999)
    x = ours.prepare(torch.full((2, 32, 32, 4), 255, dtype=torch.uint8))
    ours.train()
    torch.manual_seed(0)
    early = float(ours.loss(x, 0.0).detach())
    torch.manual_seed(0)
    late = float(ours.loss(x, 1.0).detach())
    assert early != late, "the KL's weight rises"


def test_the_body_lent_to_pythae_is_of_like_size_and_fits_together() -> None:
    reading, drawing = reader((64, 192), 1, 32), drawer((64, 192), 2, 16)
    lent = sum(parameter.numel() for network in (reading, drawing) for parameter in network.parameters())
    assert 0.8 < lent / CONTESTANTS["sprite-32"](PRESETS["sprite-32"]).parameter_count() < 1.25
    cells = reading(torch.rand(2, 4, 32, 32))
    assert cells.shape == (2, 32, 8, 8)
    drawn = drawing(cells[:, :16])
    assert drawn.shape == (2, 4, 32, 32)
    assert 0.0 <= float(drawn.min().detach()) <= float(drawn.max().detach()) <= 1.0


def test_evenly() -> None:
    assert evenly([3, 4, 5], 8) == [3, 4, 5]
    assert evenly(list(range(100)), 3) == [0, 49, 99]


# ---- the command ---------------------------------------------------------------------------------------


def result(name: str, exact: float, reading: str = "average, as drawn") -> dict[str, object]:
    return {
        "parameters": 3_500_000,
        "precision": "bf16",
        "rate": 0.002,
        "images": 1000,
        "cpu_minutes": 1.5,
        "reading": reading,
        "figures": {"psnr": 20.0, "exact_pixel": exact, "alpha_iou": 0.9, "confidence": {"exact_pixel": 0.01}},
        "settings": {"contestant": name},
    }


def test_the_table_sets_ours_against_each() -> None:
    text = rivals.table(
        {"sprite-32": result("sprite-32", 0.9), "classic-128": result("classic-128", 0.6, "live, colours over black")}
    )
    ours, classic = text.splitlines()[2:]
    assert "| 0.9000 ± 0.0100 | 0.9000 | 0.1000 | 1.00 |" in ours
    assert "| 0.6000 ± 0.0100 | – | 0.4000 | 0.25 |" in classic


def test_only_a_result_of_the_same_race_is_taken_over(dataset: Dataset, tmp_path: Path) -> None:
    config = PRESETS["sprite-32"]
    settings = rivals.settings_of("sprite-32", dataset, config, 1.0, 0)
    assert rivals.kept("sprite-32", settings, tmp_path) is None
    (tmp_path / "sprite-32.json").write_text(json.dumps({"settings": settings, "steps": 5}))
    assert rivals.kept("sprite-32", settings, tmp_path) == {"settings": settings, "steps": 5}
    for other in (
        rivals.settings_of("sprite-32", dataset, config, 2.0, 0),
        rivals.settings_of("sprite-32", dataset, config, 1.0, 1),
        rivals.settings_of("sprite-32", dataset, PRESETS["tiny"], 1.0, 0),
    ):
        assert rivals.kept("sprite-32", other, tmp_path) is None
    same = rivals.settings_of("classic-128", dataset, config, 1.0, 0)
    assert same == rivals.settings_of("classic-128", dataset, PRESETS["tiny"], 1.0, 0), "only ours is configured"
    (tmp_path / "sprite-32.json").write_text('{"settings": {')
    assert rivals.kept("sprite-32", settings, tmp_path) is None


@pytest.mark.slow
def test_a_whole_bench_of_ours_goes_on_where_it_stopped(tmp_path: Path) -> None:
    art = tmp_path / "art"
    art.mkdir()
    for seed in range(60):  # names of their own: what is called alike is one family
        write_png(blob(seed, 32), art / f"{chr(97 + seed // 26)}{chr(97 + seed % 26)}ber.png", {})
    build(art, tmp_path / "set", size=32)
    vae = SpriteVaeConfig(widths=(8, 8, 8), colours=4, cell_channels=2)
    tiny = PRESETS["tiny"]
    training = msgspec.structs.replace(tiny.training, batch_size=32)
    (tmp_path / "config.json").write_bytes(
        msgspec.json.encode(msgspec.structs.replace(tiny, vae=vae, training=training))
    )
    words = [sys.executable, "-m", "tests.bench.rivals", str(tmp_path / "set"), "--out", str(tmp_path / "out")]
    words += ["--minutes", "0.01", "--only", "sprite-32", "--config", str(tmp_path / "config.json")]
    first = subprocess.run(words, check=False, capture_output=True, text=True, cwd=rivals.ROOT, timeout=300)
    assert first.returncode == 0, first.stderr
    assert "| sprite-32 (" in first.stdout
    assert "sprite-32: 0.01 minutes of processor time" in first.stderr
    found = json.loads((tmp_path / "out" / "sprite-32.json").read_text())
    assert found["images"] == 32 * (found["steps"] + found["skipped"]) > 0
    assert 0.01 <= found["cpu_minutes"] < 0.2
    assert found["figures"]["count"] == len(Dataset.open(tmp_path / "set").indices("validation"))
    assert (tmp_path / "out" / "sprite-32.png").read_bytes().startswith(b"\x89PNG")
    written = (tmp_path / "out" / "sprite-32.json").stat().st_mtime_ns
    again = subprocess.run(words, check=True, capture_output=True, text=True, cwd=rivals.ROOT, timeout=300)
    assert again.stdout.splitlines()[2:] == first.stdout.splitlines()[2:]
    assert "minutes of processor time" not in again.stderr
    assert (tmp_path / "out" / "sprite-32.json").stat().st_mtime_ns == written


def test_a_missing_package_is_named(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rivals, "SIZE_PX", dataset.size)
    monkeypatch.setitem(sys.modules, "pythae", None)
    assert NEEDS["pythae-vae"] == "pythae"
    words = ["rivals", str(dataset.path), "--race", "pythae-vae", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", words)
    assert rivals.main() == 1
    assert "pythae is not installed" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.json"))


def test_another_size_is_wrong_usage(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["rivals", str(dataset.path)])
    with pytest.raises(SystemExit) as ended:
        rivals.main()
    assert ended.value.code == 2
    assert "set up for 32 px" in capsys.readouterr().err
