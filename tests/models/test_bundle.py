"""What a trained model is made of: its parts, and what the teacher's logits mean."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.presets import PRESETS
from lunar_studio.models.bundle import Calibration, build_networks, networks_on_meta, stored_tensors
from lunar_studio.models.interface import LatentModel


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=60), st.floats(-60, 60, width=32))
def test_percentiles_are_the_share_of_real_sprites_below(logits: list[float], logit: float) -> None:
    calibration = Calibration.fit(torch.tensor([logits, logits]).T)
    found = calibration.percentile(0, logit)
    assert 0.0 <= found <= 100.0
    assert found == calibration.percentile(1, logit)
    assert calibration.percentile(0, logit + 1.0) >= found
    below = float(np.mean(np.array(logits) < logit)) * 100
    at_most = float(np.mean(np.array(logits) <= logit)) * 100
    slack = 100.0 / len(logits) + 1.0
    assert below - slack <= found <= at_most + slack


def test_percentile_of_the_median_is_fifty() -> None:
    calibration = Calibration.fit(torch.arange(101.0)[:, None])
    assert [calibration.percentile(0, x) for x in (-9.0, 0.0, 25.0, 50.0, 100.0, 999.0)] == pytest.approx(
        [0.0, 0.0, 25.0, 50.0, 100.0, 100.0], abs=0.1
    )


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_builds_and_its_shapes_are_known_without_memory(name: str) -> None:
    networks = networks_on_meta(PRESETS[name])
    assert set(networks) == {"vae", "teacher", "prior"}
    assert all(tensor.is_meta for module in networks.values() for tensor in module.state_dict().values())
    vae = networks["vae"]
    assert isinstance(vae, LatentModel)
    assert (vae.image_size, vae.latent_dim) == (PRESETS[name].vae.image_size, PRESETS[name].vae.latent_dim)


def test_no_teacher_when_it_is_off() -> None:
    import msgspec

    tiny = PRESETS["tiny"]
    config = msgspec.structs.replace(tiny, training=msgspec.structs.replace(tiny.training, teacher_mode="off"))
    assert set(build_networks(config)) == {"vae", "prior"}


def test_counters_of_batches_are_not_stored() -> None:
    vae = build_networks(PRESETS["tiny"])["vae"]
    assert any(key.endswith("num_batches_tracked") for key in vae.state_dict())
    assert not any(key.endswith("num_batches_tracked") for key in stored_tensors(vae))
    assert {key for key in stored_tensors(vae) if key.endswith("running_var")}
