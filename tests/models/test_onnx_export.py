"""The ONNX file draws what the studio draws, says what it is, and needs neither torch nor the studio."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from lunar_studio import __version__
from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.config import ClassicVaeConfig, RunConfig, SpriteVaeConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ExportError
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import describe
from lunar_studio.models.onnx_export import IR_VERSION, OPSET, OnnxFacts, export_onnx
from lunar_studio.models.sprite import SpriteVAE
from tests.models.bundles import small_bundle

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
_TINY = PRESETS["tiny"]
# Two libraries add up in another order; logits nearer than this, and colours nearer to a half, may go either way.
_NEAR = 2e-4

CONFIGS: dict[str, RunConfig] = {
    "sprite": msgspec.structs.replace(_TINY, vae=SpriteVaeConfig(widths=(16, 24, 32))),
    "classic": msgspec.structs.replace(
        _TINY, vae=ClassicVaeConfig(image_size=16, encoder_channels=(8, 16), latent_dim=6)
    ),
    "classic with alpha": msgspec.structs.replace(
        _TINY,
        vae=ClassicVaeConfig(image_size=20, image_channels=4, encoder_channels=(8, 16), kernel_size=3, latent_dim=6),
    ),
}


@dataclasses.dataclass(frozen=True)
class Exported:
    """A model and its file."""

    bundle: ModelBundle
    facts: OnnxFacts

    @property
    def path(self) -> Path:
        return self.facts.path

    def drawn(self, latent_BL: F32) -> U8:
        session = onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
        return session.run(["rgba"], {"latent": latent_BL})[0]


def shaken(config: RunConfig) -> ModelBundle:
    """A small model whose latents matter, and whose statistics are those of its own layers, as after training.

    Fresh residual blocks would pass the latents by, and with the statistics of another network logits explode.
    """
    bundle = small_bundle(config)
    generator = torch.Generator().manual_seed(1)
    vae = bundle.vae
    for value in vae.parameters():
        if value.ndim >= 2:
            value.data = torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5
    if isinstance(vae, SpriteVAE):
        for module in vae.decoder.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the statistics of one batch
                module.reset_running_stats()
        with torch.no_grad():
            vae.train().decode_indexed(torch.randn(64, vae.latent_dim, generator=generator) * 2)
        vae.eval()
    return bundle


@pytest.fixture(scope="module", params=CONFIGS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    bundle = shaken(CONFIGS[request.param])
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return Exported(bundle, export_onnx(bundle, describe(bundle, "0" * 64), path))


def latents(bundle: ModelBundle, count: int, seed: int = 5) -> F32:
    return np.random.default_rng(seed).standard_normal((count, bundle.vae.latent_dim)).astype(np.float32) * 2


def undecided(bundle: ModelBundle, latent_BL: F32) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Pixels (B, H, W) that rounding alone may change: two likeliest indices as good as equal, or half a level."""
    with torch.inference_mode():
        z = torch.from_numpy(latent_BL)
        if isinstance(bundle.vae, SpriteVAE):
            indexed = bundle.vae.decode_indexed(z)
            best = indexed.logits_BKHW.topk(2, dim=1).values
            near = (best[:, 0] - best[:, 1]) < _NEAR
            halves = ((indexed.colours_BK3 * 255) % 1 - 0.5).abs().amin(dim=(1, 2)) < _NEAR
            return np.asarray((near | halves[:, None, None]).numpy())
        x = ((bundle.vae.decode(z) + 1) / 2).clamp(0, 1)
        if x.shape[1] == 4:  # straight colours are what the alpha divides
            x = torch.cat([(x[:, :3] / x[:, 3:].clamp(min=1 / 255)).clamp(0, 1), x[:, 3:]], dim=1)
        return np.asarray((((x * 255) % 1 - 0.5).abs() < _NEAR).any(dim=1).numpy())


def test_the_same_pixels_as_torch(exported: Exported) -> None:
    latent_BL = latents(exported.bundle, 96)
    with torch.inference_mode():
        ours = exported.bundle.vae.render(torch.from_numpy(latent_BL)).numpy()
    theirs = exported.drawn(latent_BL)
    assert theirs.dtype == np.uint8
    assert len(np.unique(ours.reshape(96, -1), axis=0)) > 90, "the pictures differ among themselves"
    unlike = (theirs != ours).any(axis=3)
    excused = undecided(exported.bundle, latent_BL)
    assert excused.mean() < 0.05, "what rounding may change is the exception"
    assert not (unlike & ~excused).any()


@pytest.mark.parametrize("count", [1, 2, 7, 65])
def test_any_number_at_a_time(exported: Exported, count: int) -> None:
    latent_BL = latents(exported.bundle, 65)
    size = exported.bundle.vae.image_size
    some = exported.drawn(latent_BL[:count])
    assert some.shape == (count, size, size, 4)
    rows = exported.drawn(latent_BL)[:count]
    assert not ((some != rows).any(axis=3) & ~undecided(exported.bundle, latent_BL[:count])).any()


def test_what_it_says_of_itself(exported: Exported) -> None:
    session = onnxruntime.InferenceSession(str(exported.path), providers=["CPUExecutionProvider"])
    (latent,), (rgba,) = session.get_inputs(), session.get_outputs()
    size, length = exported.bundle.vae.image_size, exported.bundle.vae.latent_dim
    assert (latent.name, latent.type, latent.shape) == ("latent", "tensor(float)", ["batch", length])
    assert (rgba.name, rgba.type, rgba.shape) == ("rgba", "tensor(uint8)", ["batch", size, size, 4])
    about = session.get_modelmeta().custom_metadata_map
    assert about["model"] == "Überprüfung ✓"
    assert about["studio_version"] == __version__
    assert about["model_sha256"] == "0" * 64
    assert (about["latent_dim"], about["image_size"]) == (str(length), str(size))
    assert about["art"] == "drawn by code"
    assert json.loads(about["card"])["figures"] == {"psnr": 20.5, "steps": [1, 2]}
    assert "art_licence" not in about, "a card that names no licence is not made to name one"


def test_the_licence_of_the_art_travels_with_it() -> None:
    from lunar_studio.models.onnx_export import metadata

    bundle = dataclasses.replace(small_bundle(), card={"art": "tiles", "art_licence": "CC0 1.0"})
    assert metadata(describe(bundle, ""))["art_licence"] == "CC0 1.0"


def test_old_runtimes_can_read_it_and_it_tells_nothing_of_this_machine(exported: Exported) -> None:
    proto = onnx.load(str(exported.path))
    onnx.checker.check_model(proto, full_check=True)
    assert proto.ir_version == IR_VERSION <= 8
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", OPSET)]
    assert not proto.functions
    payload = exported.path.read_bytes()
    for private in (str(ROOT), str(Path.home()), "stack_trace", "site-packages"):
        assert private.encode() not in payload


def test_a_fresh_process_needs_neither_torch_nor_the_studio(exported: Exported, tmp_path: Path) -> None:
    latent_BL = latents(exported.bundle, 3)
    np.save(tmp_path / "latents.npy", latent_BL)
    code = f"""
import sys
class Refuse:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("torch", "lunar_studio", "onnx", "onnxscript"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy, onnxruntime
session = onnxruntime.InferenceSession({str(exported.path)!r})
numpy.save("rgba.npy", session.run(None, {{"latent": numpy.load("latents.npy")}})[0])
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)
    np.testing.assert_array_equal(np.load(tmp_path / "rgba.npy"), exported.drawn(latent_BL))


# ---- one model is enough for these --------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> ModelBundle:
    return shaken(_TINY)


def export(bundle: ModelBundle, path: Path, batch: int | None = None) -> OnnxFacts:
    return export_onnx(bundle, describe(bundle, "ab"), path, batch=batch)


def test_equal_models_are_equal_files_and_the_model_stays_as_it_was(small: ModelBundle, tmp_path: Path) -> None:
    before = {key: value.clone() for key, value in small.vae.state_dict().items()}
    facts = export(small, tmp_path / "one.onnx")
    assert all(torch.equal(value, before[key]) for key, value in small.vae.state_dict().items())
    assert all(parameter.requires_grad for parameter in small.vae.parameters())
    assert torch.is_grad_enabled()
    export(small, tmp_path / "new folder" / "two.onnx")
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "new folder" / "two.onnx").read_bytes()
    assert facts.size_bytes == (tmp_path / "one.onnx").stat().st_size
    assert (facts.batch, facts.latent_dim, facts.image_size) == (None, small.vae.latent_dim, 16)
    assert facts.pixels == 64 * 16 * 16
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["two.onnx"]


def test_a_fixed_batch_takes_just_that_many(small: ModelBundle, tmp_path: Path) -> None:
    facts = export(small, tmp_path / "three.onnx", batch=3)
    assert facts.pixels == 66 * 16 * 16, "whole batches"
    one = Exported(small, facts)
    assert one.drawn(latents(small, 3)).shape == (3, 16, 16, 4)
    with pytest.raises(Exception, match="Got invalid dimensions"):
        one.drawn(latents(small, 4))
    for batch in (0, -1, 5000):
        with pytest.raises(ValueError, match="is not 1 to 4096"):
            export(small, tmp_path / "none.onnx", batch=batch)


def test_of_equals_both_take_the_first(tmp_path: Path) -> None:
    """In even columns every index is equally likely, and the first is "transparent"; in odd ones only two colours."""
    bundle = shaken(_TINY)
    assert isinstance(bundle.vae, SpriteVAE)
    last = bundle.vae.to_logits[-2]
    assert isinstance(last, torch.nn.Conv2d)
    assert last.bias is not None
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        last.bias.view(-1, 2, 2)[2:4, :, 1] = 1.0  # the second and third colour
    facts = export(bundle, tmp_path / "tie.onnx")
    assert facts.differing == 0
    latent_BL = latents(bundle, 4)
    drawn = Exported(bundle, facts).drawn(latent_BL)
    with torch.inference_mode():
        np.testing.assert_array_equal(drawn, bundle.vae.render(torch.from_numpy(latent_BL)).numpy())
        second = (bundle.vae.decode_indexed(torch.from_numpy(latent_BL)).colours_BK3[:, 1] * 255).round().numpy()
    assert not drawn[:, :, 0::2].any()
    assert (drawn[:, :, 1::2, 3] == 255).all()
    assert (drawn[:, :, 1::2, :3] == second[:, None, None]).all()


class NoisyVAE(SpriteVAE):
    """Draws something else every time."""

    def render(self, z_BL: Tensor) -> Tensor:
        return super().render(z_BL + torch.randn_like(z_BL))


class MoodyVAE(SpriteVAE):
    """Looks at its latent before it decides what to compute, which no graph can."""

    def render(self, z_BL: Tensor) -> Tensor:
        return super().render(z_BL if float(z_BL.sum()) > 0 else -z_BL)


@pytest.mark.parametrize(
    ("network", "because"), [(NoisyVAE, "draws something else"), (MoodyVAE, "cannot be said in ONNX")]
)
def test_a_network_that_does_not_fit_is_refused(network: type[SpriteVAE], because: str, tmp_path: Path) -> None:
    assert isinstance(_TINY.vae, SpriteVaeConfig)
    bundle = dataclasses.replace(shaken(_TINY), vae=network(_TINY.vae).eval())
    for module in bundle.vae.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, std=0.3)
    (tmp_path / "m.onnx").write_text("an older file")
    with pytest.raises(ExportError, match=because) as refusal:
        export(bundle, tmp_path / "m.onnx")
    assert refusal.value.hint
    assert len(refusal.value.hint) < 500
    assert (tmp_path / "m.onnx").read_text() == "an older file"
    assert len(list(tmp_path.iterdir())) == 1


def test_without_the_extra_the_line_to_type_is_told(
    small: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ExportError, match="ONNX files need onnxscript") as refusal:
        export(small, tmp_path / "m.onnx")
    assert re.search(r"python\S* -m pip install onnx onnxscript onnxruntime$", refusal.value.hint)


def test_a_place_that_cannot_be_written(small: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match="could not be saved"):
        export(small, tmp_path / "file" / "m.onnx")


def test_what_is_no_onnx_file_is_told() -> None:
    from lunar_studio.models.onnx_export import _Runtime

    with pytest.raises(ExportError, match="onnxruntime cannot run"):
        _Runtime(b"no graph at all")
