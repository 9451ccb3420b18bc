"""The numbers behind the plots: nothing lost, nothing running backwards, CSV as it came."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.events import StepDone, TrainEvent, Validated
from lunar_studio.errors import ExportError
from lunar_studio.gui.train.loss_history import LossHistory, Table, smoothed


def step(number: int, recon: float = 0.5, **losses: float) -> StepDone:
    return StepDone(number, number * 0.1, number * 8, 80.0, {"recon": recon, **losses}, {"learning_rate": 1e-3})


def test_curves_hold_what_the_events_said() -> None:
    history = LossHistory()
    events: list[TrainEvent] = [step(1, 0.9, kl=5.0), step(2, 0.8), step(3, 0.7, kl=4.0)]
    assert history.add([*events, Validated(3, {"recon": 0.75}, {"psnr": 20.0})])
    assert [values.tolist() for values in history.curve("recon", "training")] == [[1, 2, 3], [0.9, 0.8, 0.7]]
    assert [values.tolist() for values in history.curve("kl", "training")] == [[1, 3], [5.0, 4.0]]
    assert [values.tolist() for values in history.curve("recon", "validation")] == [[3], [0.75]]
    assert [len(values) for values in history.curve("quality", "training")] == [0, 0]
    assert not history.add([])


@given(st.lists(st.integers(1, 60), max_size=80))
def test_steps_always_rise_and_the_last_word_counts(steps: list[int]) -> None:
    """Whatever steps are told in whatever order, the curve is that of a run which went back each time."""
    table = Table(max_rows=10_000)
    model: dict[int, float] = {}
    for order, number in enumerate(steps):
        model = {known: value for known, value in model.items() if known < number}
        model[number] = float(order)
        table.add(number, {"recon": float(order)})
    assert table.steps.tolist() == list(model)
    assert table.column("recon").tolist() == list(model.values())


def test_a_full_table_is_thinned_not_cut() -> None:
    table = Table(max_rows=2000)
    for number in range(1, 10_001):
        table.add(number, {"recon": number / 10_000})
    assert len(table) <= 2000
    assert table.steps[0] < 10
    assert table.steps[-1] == 10_000
    assert np.all(np.diff(table.steps) > 0)
    assert np.allclose(table.column("recon"), table.steps / 10_000)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(1, 300))
def test_smoothing_is_the_mean_of_the_last_points(values: list[float], window: int) -> None:
    made = smoothed(np.array(values), window)
    expected = [np.mean(values[max(0, end - window) : end]) for end in range(1, len(values) + 1)]
    assert np.allclose(made, expected, rtol=1e-9, atol=1e-6)


def test_the_csv_says_what_the_events_said(tmp_path: Path) -> None:
    history = LossHistory()
    history.add([step(1, 0.1 + 0.2, kl=5.0), step(2, 1e-17), Validated(2, {"recon": 0.75}, {"psnr": 20.5})])
    history.write_csv(tmp_path / "losses.csv")
    with (tmp_path / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["step"], row["part"]) for row in rows] == [("1", "training"), ("2", "training"), ("2", "validation")]
    assert [float(row["recon"]) for row in rows] == [0.1 + 0.2, 1e-17, 0.75]
    assert [row["kl"] for row in rows] == ["5.0", "", ""]
    assert [row["psnr"] for row in rows] == ["", "", "20.5"]
    assert rows[0]["learning_rate"] == "0.001"


def test_a_csv_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"losses\.csv"):
        LossHistory().write_csv(tmp_path / "no folder" / "losses.csv")


def test_room_for_100_000_steps_is_made_by_doubling() -> None:
    table = Table()
    rooms: list[int] = []
    for number in range(1, 100_001):
        table.add(number, {})
        if not rooms or rooms[-1] != len(table._steps):
            rooms.append(len(table._steps))
    assert table.steps[-1] == 100_000
    assert rooms == [1024 * 2**power for power in range(8)]


def test_a_file_that_names_endless_losses_costs_no_endless_memory() -> None:
    table = Table()
    table.add(1, {f"loss {number}": 1.0 for number in range(10_000)})
    assert len(table.names) <= 200


def test_the_experts_of_a_run_are_columns() -> None:
    history = LossHistory()
    history.add([StepDone(1, 0.1, 8, 80.0, {}, {}, (0.75, 0.25))])
    assert [history.curve(f"expert_{number}", "training")[1].tolist() for number in (1, 2)] == [[0.75], [0.25]]
