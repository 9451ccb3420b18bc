"""What the bench of the model file says of half precision is true."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lunar_studio.core.presets import PRESETS
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.model_file import as_stored
from tests.bench.model_file import change_by_storing, opening_times
from tests.models.bundles import small_bundle
from tests.pixels.drawn import blob


@pytest.fixture
def vae() -> LatentModel:
    return small_bundle(PRESETS["tiny"]).vae


SPRITES = np.stack([blob(seed, 16).rgba_HWC for seed in range(20)])


def test_weights_that_half_precision_holds_change_nothing(vae: LatentModel) -> None:
    with torch.no_grad():
        for value in vae.state_dict().values():
            if value.is_floating_point():
                value.copy_(as_stored(value).float())
    change = change_by_storing(vae, SPRITES)
    assert (change.sprites, change.drawn, change.encoded, change.visible) == (20, 0.0, 0.0, 0.0)
    assert change.exact_before == change.exact_after


def test_what_it_rounds_to_nothing_is_counted(vae: LatentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Halves end at 6e-8: a colour whose every weight is smaller is lost, and of equals "transparent" is the first."""
    monkeypatch.setattr(type(vae), "float32_parts", ())
    last = vae.get_submodule("to_logits")[-2]  # type: ignore[index]
    assert isinstance(last, torch.nn.Conv2d)
    assert last.bias is not None
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        last.weight[4:8] = 1e-9  # the first colour, wherever the features add up to more than nothing
        x = vae.prepare(torch.from_numpy(SPRITES))
        drawn = vae.render(vae.encode(x)[0])[..., 3] > 0
    before = last.weight.clone()
    change = change_by_storing(vae, SPRITES)
    assert 0.0 < change.drawn == pytest.approx(float(drawn.float().mean()))
    assert change.encoded == pytest.approx(change.drawn, abs=0.02)
    assert change.visible <= change.encoded
    assert change.exact_before != change.exact_after
    assert torch.equal(last.weight, before), "the network itself is left as it is"


def test_opening_is_timed_with_the_size() -> None:
    told = opening_times(None)
    assert told["bytes"] > 1e6
    assert told["cpu_ms"] > 0
    assert told["clock_ms"] > 0
