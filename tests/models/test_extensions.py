"""A user's own file adds networks, losses and metrics; the worked examples do what the manual says."""

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import torch
from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig, CustomVaeConfig, RunConfig, TeacherConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ConfigError, ModelFileError
from lunar_studio.models import extensions
from lunar_studio.models.bundle import build_networks, build_teacher, build_vae, networks_on_meta
from lunar_studio.models.classic import LunarCoreVAE
from lunar_studio.models.extensions import MissingExtension, load_extension, loss_terms, quality_metrics
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.memory import training_bytes
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.models.teacher import LunarMoETeacher
from tests.models.bundles import small_bundle

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CPU = torch.device("cpu")
SMALL_TEACHER = TeacherConfig(image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, hidden_dim=8)


@pytest.fixture(autouse=True)
def _nothing_stays_registered() -> Iterator[None]:
    with extensions.forgotten_afterwards():
        yield


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    return path


def learns(vae: LatentModel) -> None:
    """One sprite, a few steps: the loss falls and every weight that should take part does."""
    torch.manual_seed(0)
    x = torch.rand(2, vae.image_channels, vae.image_size, vae.image_size) * 2 - 1
    optimizer = torch.optim.Adam(vae.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = vae.reconstruct(vae.encode(x)[0], x).loss
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


# ---- the worked examples -------------------------------------------------------------------------


def test_a_vae_of_ones_own(tmp_path: Path) -> None:
    assert load_extension(EXAMPLES / "refined_vae.py") == ("VAE refined", "preset refined-32")
    config = extensions.preset("refined-32")
    vae_config = cast(CustomVaeConfig, config.vae)
    vae = build_vae(vae_config)
    assert (vae.image_size, vae.image_channels, vae.latent_dim) == (32, 4, 128)
    refine = cast(nn.Sequential, vae.refine)
    assert cast(nn.Conv2d, refine[0]).out_channels == 32
    wide = build_vae(msgspec.structs.replace(vae_config, options=("width=48",)))
    assert cast(nn.Conv2d, cast(nn.Sequential, wide.refine)[0]).out_channels == 48

    plain = LunarCoreVAE.decode(cast(LunarCoreVAE, vae), torch.zeros(1, 128))
    torch.testing.assert_close(vae.decode(torch.zeros(1, 128)), plain)
    before = cast(nn.Conv2d, refine[-1]).weight.detach().clone()
    learns(vae)
    assert not torch.equal(cast(Tensor, refine[-1].weight), before), "the added layer learns"

    assert training_bytes(config) > 0
    tiny = msgspec.structs.replace(config, teacher=SMALL_TEACHER, prior=PRESETS["tiny"].prior)
    bundle = small_bundle(tiny)
    save_model(bundle, tmp_path / "m")
    loaded, info = load_model(tmp_path / "m")
    assert info.family == "custom"
    assert type(loaded.vae).__name__ == "RefinedVAE"
    z = torch.randn(1, 128)
    with torch.no_grad():
        torch.testing.assert_close(loaded.vae.decode(z), bundle.vae.decode(z), atol=0.02, rtol=0)


def test_a_model_whose_extension_is_not_loaded_says_which_it_needs(tmp_path: Path) -> None:
    with extensions.forgotten_afterwards():
        load_extension(EXAMPLES / "refined_vae.py")
        config = msgspec.structs.replace(
            extensions.preset("refined-32"), teacher=SMALL_TEACHER, prior=PRESETS["tiny"].prior
        )
        save_model(small_bundle(config), tmp_path / "m")
    with pytest.raises(
        ModelFileError, match="needs an extension: No loaded extension has a VAE called 'refined'"
    ) as no:
        load_model(tmp_path / "m")
    assert "--extension FILE" in no.value.hint
    assert "trust" in no.value.hint
    with pytest.raises(ConfigError, match="no preset called 'refined-32'"):
        extensions.preset("refined-32")


def test_an_encoder_with_attention() -> None:
    config = ClassicVaeConfig(
        image_size=32, image_channels=4, encoder_channels=(8, 16), latent_dim=10, kernel_size=3, encoder="attention"
    )
    with pytest.raises(MissingExtension, match="encoder called 'attention'"):
        build_vae(config)
    load_extension(EXAMPLES / "attention_encoder.py")
    vae = build_vae(config)
    assert not hasattr(vae, "fc_mu"), "the encoder brings its own"
    attention = cast(nn.Module, cast(nn.Module, vae.encoder).attention)
    strength = cast(nn.Parameter, attention.strength)
    learns(vae)
    assert float(strength.detach().abs()) > 0, "attention begins at nothing and is learned"
    # A far pixel changes a place only through attention.
    maps = torch.zeros(1, 16, 8, 8)
    far = maps.clone()
    far[0, :, 7, 7] = 3.0
    with torch.no_grad():
        nn.init.constant_(strength, 1.0)
        assert float((attention(maps) - attention(far))[0, :, 0, 0].abs().max()) > 1e-4
        nn.init.zeros_(strength)
        assert torch.equal(attention(far), far)


def test_a_teacher_with_an_expert_of_ones_own() -> None:
    load_extension(EXAMPLES / "worst_spot_teacher.py")
    config = msgspec.structs.replace(
        PRESETS["tiny"], teacher=msgspec.structs.replace(SMALL_TEACHER, custom="worst-spot")
    )
    teacher = build_networks(config)["teacher"]
    assert isinstance(teacher, LunarMoETeacher)
    teacher.eval()
    mean, worst = teacher.experts[0], teacher.experts[-1]
    assert type(worst).__name__ == "WorstSpotExpert"
    maps = torch.zeros(1, 8, 4, 4)
    spotted = maps.clone()
    spotted[0, :, 2, 1] = 5.0
    with torch.no_grad():
        for expert in (mean, worst):
            expert.load_state_dict(mean.state_dict())
        moved = [float((expert(spotted) - expert(maps)).norm()) for expert in (mean, worst)]
        judged = teacher(torch.rand(2, 4, 16, 16))
    assert moved[1] > 1.5 * moved[0], "one spot moves it more than the mean of all places"
    torch.testing.assert_close(judged.logit_B, (judged.gate_BE * judged.expert_logits_BE).sum(dim=1))


def test_a_style_loss() -> None:
    load_extension(EXAMPLES / "style_loss.py")
    style = loss_terms(("style:20",), CPU)
    mu, logvar = torch.zeros(2, 3), torch.zeros(2, 3)
    checks = ((torch.arange(16)[:, None] + torch.arange(16)) % 2 * 2.0 - 1.0).expand(2, 4, 16, 16)
    recon = torch.zeros(2, 4, 16, 16, requires_grad=True)
    assert float(style(checks, checks, mu, logvar)["style"]) == 0.0
    flipped = style(checks.flip(3), checks, mu, logvar)["style"]
    smooth = style(recon, checks, mu, logvar)["style"]
    assert float(smooth.detach()) > 10 * float(flipped), (
        "the other phase of a dither is the same style, a grey area is not"
    )
    noisy = (recon + torch.randn(2, 4, 16, 16) * 0.3).requires_grad_()
    (gradient,) = torch.autograd.grad(style(noisy, checks, mu, logvar)["style"], noisy)
    assert float(gradient.abs().sum()) > 0
    one = loss_terms(("style",), CPU)(recon, checks, mu, logvar)["style"]
    assert float(smooth.detach()) == pytest.approx(20 * float(one.detach()), rel=1e-5)


class SmallResNet(nn.Module):
    """The parts of torchvision's ResNet-18 that the example uses, with the same shapes in and out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8), nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Conv2d(8, 8, 3, 1, 1)
        self.layer2, self.layer3 = nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1)
        self.layer4 = nn.Conv2d(32, 512, 3, 2, 1)
        self.fc = nn.Linear(512, 1000)


def fake_torchvision(monkeypatch: pytest.MonkeyPatch, asked: list[object]) -> None:
    def resnet18(*, weights: str | None = None) -> nn.Module:
        asked.append(weights)
        torch.manual_seed(7)
        return SmallResNet()

    package, models = types.ModuleType("torchvision"), types.ModuleType("torchvision.models")
    models.resnet18 = resnet18  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


def test_a_metric_of_a_pretrained_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    fake_torchvision(monkeypatch, asked)
    load_extension(EXAMPLES / "resnet_metric.py")
    metric = quality_metrics(("resnet18-likeness",), CPU)["resnet18-likeness"]
    assert asked == ["IMAGENET1K_V1"]
    target = torch.rand(3, 4, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(1))
    scores = [metric((target + noise * amount).clamp(-1, 1), target) for amount in (0.0, 0.3, 1.5)]
    assert scores[0].tolist() == pytest.approx([1.0] * 3, abs=1e-5)
    assert bool((scores[0] > scores[1]).all())
    assert bool((scores[1] > scores[2]).all())
    assert not any(p.requires_grad for p in cast(nn.Module, metric).parameters()), "it judges and does not learn"
    # A metric named among the losses rewards the VAE.
    drawn = (target + noise * 0.3).requires_grad_()
    reward = loss_terms(("resnet18-likeness:2",), CPU)(drawn, target, torch.zeros(3, 1), torch.zeros(3, 1))
    assert float(reward["resnet18-likeness"].detach()) == pytest.approx(
        -2 * float(metric(drawn, target).mean().detach())
    )
    (gradient,) = torch.autograd.grad(reward["resnet18-likeness"], drawn)
    assert float(gradient.abs().sum()) > 0


def test_a_teacher_on_a_pretrained_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []
    fake_torchvision(monkeypatch, asked)
    load_extension(EXAMPLES / "resnet_metric.py")
    with pytest.raises(ConfigError, match="gives 512 channels") as refusal:
        build_teacher(msgspec.structs.replace(SMALL_TEACHER, custom="resnet18"))
    assert refusal.value.hint == "Set teacher.channels=512."
    teacher = msgspec.structs.replace(SMALL_TEACHER, custom="resnet18", channels=(512,), num_experts=2)
    config = msgspec.structs.replace(PRESETS["tiny"], teacher=teacher)
    bundle = small_bundle(config)
    save_model(bundle, tmp_path / "m")
    asked.clear()
    loaded, _ = load_model(tmp_path / "m")
    assert asked == [None], "a model file brings its own weights; none are fetched"
    x = torch.rand(2, 4, 16, 16)
    assert loaded.teacher is not None
    assert bundle.teacher is not None
    with torch.no_grad():
        torch.testing.assert_close(loaded.teacher(x).logit_B, bundle.teacher(x).logit_B, atol=0.05, rtol=0.05)


def test_without_torchvision_the_example_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    load_extension(EXAMPLES / "resnet_metric.py")
    with pytest.raises(ConfigError, match="needs torchvision") as refusal:
        quality_metrics(("resnet18-likeness",), CPU)
    assert "pip install torchvision" in refusal.value.hint


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "registers nothing"),
        (
            "from lunar_studio.models.extensions import register_loss\nregister_loss('Not A Name')(len)",
            "cannot be the name",
        ),
        ("from lunar_studio.models.extensions import register_loss\nregister_loss('recon')(len)", "studio's own"),
        (
            "from lunar_studio.models.extensions import register_preset as r, presets as p\nr(p.PRESETS['tiny'])",
            "preset called 'tiny' already",
        ),
    ],
)
def test_files_that_fail(text: str, because: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=because) as refusal:
        load_extension(written(tmp_path, text))
    assert refusal.value.hint


def test_no_python_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x = 1")
    for path in (tmp_path, tmp_path / "nowhere.py", tmp_path / "notes.txt"):
        with pytest.raises(ConfigError, match="is not a Python file"):
            load_extension(path)


def test_what_a_failing_file_registered_is_gone(tmp_path: Path) -> None:
    text = "from lunar_studio.models.extensions import register_loss\nregister_loss('mine')(len)\n"
    with pytest.raises(ConfigError):
        load_extension(written(tmp_path, text + "1 / 0"))
    with pytest.raises(MissingExtension):
        loss_terms(("mine",), CPU)
    assert load_extension(written(tmp_path, text)) == ("loss mine",)
    assert load_extension(tmp_path / "mine.py") == ("loss mine",), "a second time it is not run again"


def test_a_name_is_taken_once() -> None:
    extensions.register_loss("mine")(lambda *_: torch.zeros(()))
    with pytest.raises(ConfigError, match="already"):
        extensions.register_loss("mine")


# ---- mistakes in what was registered -------------------------------------------------------------


class Minimal(LatentModel):
    """As little as a VAE can be."""

    def __init__(self, config: CustomVaeConfig, *, gain: float = 1.0, deep: bool = False, note: str = "") -> None:
        super().__init__()
        self.config, self.image_size, self.image_channels = config, config.image_size, config.image_channels
        self.latent_dim, self.palette_dim = config.latent_dim, 0
        self.options = (gain, deep, note)
        self.lift = nn.Linear(config.latent_dim, 4)

    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        mu = x_BCHW.mean(dim=(2, 3)) @ self.lift.weight
        return mu, torch.zeros_like(mu)

    def decode(self, z_BL: Tensor) -> Tensor:
        return self.lift(z_BL)[:, :, None, None].expand(-1, -1, self.image_size, self.image_size)  # type: ignore[no-any-return]

    def render(self, z_BL: Tensor) -> Tensor:
        return self.decode(z_BL).permute(0, 2, 3, 1).clamp(0, 1).mul(255).to(torch.uint8)

    def reconstruct(self, z_BL: Tensor, x_BCHW: Tensor) -> Any:  # noqa: ANN401
        raise NotImplementedError


CONFIG = CustomVaeConfig(name="mine", image_size=8, latent_dim=3)


def test_options_take_the_types_of_their_defaults() -> None:
    extensions.register_vae("mine")(Minimal)
    vae = build_vae(msgspec.structs.replace(CONFIG, options=("gain=0.5", "deep=true", "note=hello")))
    assert isinstance(vae, Minimal)
    assert vae.options == (0.5, True, "hello")


@pytest.mark.parametrize(
    ("option", "because"),
    [("gain=much", "must be a number"), ("deep=1", "must be true or false"), ("width=3", "has no option 'width'")],
)
def test_options_that_do_not_fit(option: str, because: str) -> None:
    extensions.register_vae("mine")(Minimal)
    with pytest.raises(ConfigError, match=because):
        build_vae(msgspec.structs.replace(CONFIG, options=(option,)))


def raising(_: CustomVaeConfig) -> LatentModel:
    raise TypeError("of my own")


class Other(Minimal):
    """Not of the size it was asked for."""

    def __init__(self, config: CustomVaeConfig) -> None:
        super().__init__(config)
        self.latent_dim = 99


class Forgetful(Minimal):
    """Has a buffer that no model file would keep."""

    def __init__(self, config: CustomVaeConfig) -> None:
        super().__init__(config)
        self.register_buffer("table", torch.ones(3), persistent=False)


@pytest.mark.parametrize(
    ("factory", "because"),
    [
        (raising, "of my own"),
        (lambda _: nn.Linear(1, 1), "not a LatentModel"),
        (Other, "latent_dim is 99"),
        (Forgetful, "buffer table is not persistent"),
    ],
)
def test_vaes_that_do_not_fit(factory: Callable[..., Any], because: str) -> None:
    extensions.register_vae("mine")(factory)
    with pytest.raises(ConfigError, match=f"VAE 'mine'.*{because}"):
        build_vae(CONFIG)


def test_a_teacher_that_does_not_fit() -> None:
    extensions.register_teacher("mine")(
        lambda config: LunarMoETeacher(msgspec.structs.replace(config, custom="", num_experts=1))
    )
    with pytest.raises(ConfigError, match="it has 1 experts, but its configuration says 4"):
        build_teacher(msgspec.structs.replace(SMALL_TEACHER, custom="mine"))
    with pytest.raises(MissingExtension, match="teacher called 'other'"):
        build_teacher(msgspec.structs.replace(SMALL_TEACHER, custom="other"))


def test_an_encoder_that_does_not_fit() -> None:
    class Short(nn.Module):
        def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
            return x_BCHW.flatten(1)[:, :2], x_BCHW.flatten(1)[:, :2]

    extensions.register_encoder("short")(lambda _: Short())
    with pytest.raises(ConfigError, match=r"gives shapes \[\(2, 2\), \(2, 2\)\]"):
        build_vae(ClassicVaeConfig(image_size=8, encoder_channels=(4,), latent_dim=5, encoder="short"))


def test_losses_that_do_not_fit() -> None:
    x, numbers = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3)
    extensions.register_loss("per-sprite")(lambda recon, *_: recon.flatten(1).sum(dim=1))
    with pytest.raises(ConfigError, match=r"loss 'per-sprite' .* shape is \(2,\)"):
        loss_terms(("per-sprite",), CPU)(x, x, numbers, numbers)
    extensions.register_loss("short")(lambda recon, _: recon.sum())
    with pytest.raises(ConfigError, match=r"loss 'short' .* gave no loss"):
        loss_terms(("short",), CPU)(x, x, numbers, numbers)
    with pytest.raises(ConfigError, match="is not a weight"):
        loss_terms(("short:1.2.3",), CPU)
    with pytest.raises(MissingExtension, match="loss called 'nothing'"):
        loss_terms(("nothing",), CPU)
    with pytest.raises(MissingExtension, match="metric called 'nothing'"):
        quality_metrics(("nothing",), CPU)


def test_no_names_no_losses() -> None:
    assert loss_terms((), CPU)(torch.zeros(1), torch.zeros(1), torch.zeros(1), torch.zeros(1)) == {}


def test_a_plain_function_is_a_loss() -> None:
    @extensions.register_loss("document")
    def custom_loss(recon: Tensor, target: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
        """The document's example."""
        kl = -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
        return nn.functional.mse_loss(recon, target) + kl

    found = loss_terms(("document:0.5",), CPU)(torch.ones(2, 1), torch.zeros(2, 1), torch.ones(2, 2), torch.zeros(2, 2))
    assert float(found["document"]) == pytest.approx(0.5 * (1.0 + 0.5))
    assert custom_loss.__doc__ == "The document's example.", "the decorator gives the function back"


def test_presets_of_the_studio_stay() -> None:
    assert extensions.preset("tiny") is PRESETS["tiny"]
    config = RunConfig(preset="own", vae=CONFIG)
    extensions.register_preset(config)
    assert extensions.preset("own") is config
    with pytest.raises(MissingExtension):
        networks_on_meta(config)
