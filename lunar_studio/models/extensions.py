"""Where a user's own Python file adds networks, losses and metrics to the studio.

A file is run only when the user names it (`--extension FILE`): a model file can name what it needs,
and is refused until the user has loaded it, but can never bring code. docs/extending.md explains each
kind with a worked example. Shapes: B batch, C channels, H and W pixels, L latent numbers.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from lunar_studio.core import presets
from lunar_studio.core.config import ClassicVaeConfig, CustomVaeConfig, RunConfig, TeacherConfig
from lunar_studio.errors import ConfigError, LunarError
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.teacher import LunarMoETeacher

VaeFactory = Callable[..., LatentModel]
"""`factory(config: CustomVaeConfig, **options)`; its keyword arguments with defaults are the options."""
EncoderFactory = Callable[[ClassicVaeConfig], nn.Module]
"""Builds a module from x_BCHW to (mean, log-variance), each (B, L)."""
TeacherFactory = Callable[[TeacherConfig], LunarMoETeacher]
LossTerm = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""`(recon_BCHW, target_BCHW, mu_BL, logvar_BL)` to a scalar, as in the founding document."""
Metric = Callable[[Tensor, Tensor], Tensor]
"""`(drawn_BCHW, target_BCHW)` to scores (B,), 0 to 1, more is better."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TAKEN_LOSSES = frozenset({"recon", "kl", "quality", "semantic", "teacher", "prior", "total"})
# What a mistake in a user's file commonly raises; anything rarer ends the program with its traceback.
_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)

T = TypeVar("T")


class MissingExtension(ConfigError):
    """A configuration names something that no loaded extension has registered."""


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The registered things of one kind.

    Attributes:
        kind: What they are, for messages.
        entries: By name.
    """

    kind: str
    entries: dict[str, T] = field(default_factory=dict)

    def add(self, name: str) -> Callable[[T], T]:
        """A decorator that registers what it decorates, and gives it back unchanged.

        Raises:
            ConfigError: The name is taken, or is not 1 to 40 of a-z, 0-9, - and _, a letter first.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r:.80} cannot be the name of a {self.kind}.",
                hint="Use 1 to 40 of a-z, 0-9, - and _, beginning with a letter.",
            )
        if name in self.entries:
            raise ConfigError(f"There is a {self.kind} called {name!r} already.", hint="Give it another name.")

        def register(thing: T) -> T:
            self.entries[name] = thing
            return thing

        return register

    def get(self, name: str) -> T:
        """What is registered under a name.

        Raises:
            MissingExtension: Nothing is.
        """
        if name not in self.entries:
            raise MissingExtension(
                f"No loaded extension has a {self.kind} called {name!r}.",
                hint=f"Start with --extension FILE, where FILE is the Python file that registers the {self.kind} "
                f"{name!r}. Load only files that you trust: they can do whatever you can.",
            )
        return self.entries[name]


_VAES: Registry[VaeFactory] = Registry("VAE")
_ENCODERS: Registry[EncoderFactory] = Registry("encoder")
_TEACHERS: Registry[TeacherFactory] = Registry("teacher")
_LOSSES: Registry[LossTerm | type[nn.Module]] = Registry("loss")
_METRICS: Registry[Metric | type[nn.Module]] = Registry("metric")
_PRESETS: Registry[RunConfig] = Registry("preset")
_REGISTRIES: Mapping[str, Registry[object]] = {
    registry.kind: registry  # type: ignore[misc] # read only by name here, whatever they hold
    for registry in (_VAES, _ENCODERS, _TEACHERS, _LOSSES, _METRICS, _PRESETS)
}
_loaded: dict[Path, tuple[str, ...]] = {}

# ---- registering ---------------------------------------------------------------------------------


def register_vae(name: str) -> Callable[[VaeFactory], VaeFactory]:
    """Register a VAE family: a `LatentModel` built from a `CustomVaeConfig`; chosen by `vae.name`."""
    return _VAES.add(name)


def register_encoder(name: str) -> Callable[[EncoderFactory], EncoderFactory]:
    """Register an encoder for `LunarCoreVAE`; chosen by `vae.encoder`."""
    return _ENCODERS.add(name)


def register_teacher(name: str) -> Callable[[TeacherFactory], TeacherFactory]:
    """Register a teacher: a `LunarMoETeacher` of its own experts or backbone; chosen by `teacher.custom`."""
    return _TEACHERS.add(name)


def register_loss(name: str) -> Callable[[T], T]:
    """Register a loss: a function (see `LossTerm`) or a module class; added by `training.extra_losses`.

    Raises:
        ConfigError: The name is taken, by another or by a loss of the studio's own.
    """
    if name in _TAKEN_LOSSES:
        raise ConfigError(f"{name!r} is a loss of the studio's own.", hint="Give yours another name.")
    return _LOSSES.add(name)  # type: ignore[return-value] # the decorator gives back what it got


def register_metric(name: str) -> Callable[[T], T]:
    """Register a quality metric: a function (see `Metric`) or a module class; used by `training.extra_metrics`."""
    return _METRICS.add(name)  # type: ignore[return-value] # as above


def register_preset(config: RunConfig) -> RunConfig:
    """Register a starting point under `config.preset`.

    Raises:
        ConfigError: The name is taken.
    """
    if config.preset in presets.PRESETS:
        raise ConfigError(f"There is a preset called {config.preset!r} already.", hint="Give it another name.")
    return _PRESETS.add(config.preset)(config)


# ---- loading -------------------------------------------------------------------------------------


def load_extension(path: Path) -> tuple[str, ...]:
    """Run a Python file that the user named, so that it registers what it has.

    Args:
        path: The file. It is run once, however often it is named.

    Returns:
        What it registered, such as `VAE refined`.

    Raises:
        ConfigError: It cannot be read, fails, or registers nothing; then nothing of it stays registered.
    """
    resolved = path.resolve()
    if resolved in _loaded:
        return _loaded[resolved]
    module_name = f"lunar_studio_extension_{resolved.stem}"
    spec = importlib.util.spec_from_file_location(module_name, resolved)
    if resolved.suffix != ".py" or not resolved.is_file() or spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file.", hint="Name the .py file of your extension.")
    module = importlib.util.module_from_spec(spec)
    before = _names()
    with _undone_on_failure():
        sys.modules[module_name] = module  # dataclasses and pickling look their module up
        try:
            spec.loader.exec_module(module)
        except _MISTAKES as exc:
            raise ConfigError(
                f"The extension {path.name} failed: {type(exc).__name__}: {exc}.",
                hint="Correct it, then load it again.",
            ) from exc
        added = tuple(sorted(_names() - before))
        if not added:
            raise ConfigError(
                f"The extension {path.name} registers nothing.",
                hint="Put a decorator such as @register_vae('name') on its class; see docs/extending.md.",
            )
    _loaded[resolved] = added
    return added


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    """Everything registered or loaded inside is forgotten at the end; for tests and for trying a file out."""
    kept, loaded = {kind: dict(registry.entries) for kind, registry in _REGISTRIES.items()}, dict(_loaded)
    try:
        yield
    finally:
        for kind, entries in kept.items():
            _REGISTRIES[kind].entries.clear()
            _REGISTRIES[kind].entries.update(entries)
        _loaded.clear()
        _loaded.update(loaded)


@contextmanager
def _undone_on_failure() -> Iterator[None]:
    kept = {kind: dict(registry.entries) for kind, registry in _REGISTRIES.items()}
    try:
        yield
    except BaseException:
        for kind, entries in kept.items():
            _REGISTRIES[kind].entries.clear()
            _REGISTRIES[kind].entries.update(entries)
        raise


def _names() -> set[str]:
    return {f"{kind} {name}" for kind, registry in _REGISTRIES.items() for name in registry.entries}


# ---- using ---------------------------------------------------------------------------------------


def preset(name: str) -> RunConfig:
    """The preset called `name`, of an extension or of the studio.

    Raises:
        ConfigError: There is none of that name.
    """
    return _PRESETS.entries[name] if name in _PRESETS.entries else presets.preset(name)


def build_vae(config: CustomVaeConfig) -> LatentModel:
    """A registered VAE with fresh weights.

    Raises:
        ConfigError: It is not registered, cannot be built, or is not what its configuration says.
    """
    factory = _VAES.get(config.name)
    options = _options(factory, config)
    with _blaming(f"VAE {config.name!r}"):
        vae = factory(config, **options)
        _require(isinstance(vae, LatentModel), "it is not a LatentModel")
        for name in ("image_size", "image_channels", "latent_dim"):
            found, wanted = getattr(vae, name), getattr(config, name)
            _require(found == wanted, f"its {name} is {found}, but its configuration says {wanted}")
        _require(0 <= vae.palette_dim <= vae.latent_dim, "its palette_dim is not within its latent")
        _require_persistent(vae)
    return vae


def build_encoder(config: ClassicVaeConfig) -> nn.Module:
    """The registered encoder that a classic VAE names, with fresh weights.

    Raises:
        ConfigError: It is not registered, cannot be built, or gives latents of another size.
    """
    factory = _ENCODERS.get(config.encoder)
    with _blaming(f"encoder {config.encoder!r}"):
        encoder = factory(config)
        _require_persistent(encoder)
        x = torch.zeros(2, config.image_channels, config.image_size, config.image_size)
        encoder.eval()
        with torch.no_grad():
            shapes = [tuple(part.shape) for part in encoder(x)]
        encoder.train()
        wanted = (2, config.latent_dim)
        _require(shapes == [wanted, wanted], f"it gives shapes {shapes} for two pictures instead of twice {wanted}")
    return encoder


def build_teacher(config: TeacherConfig) -> LunarMoETeacher:
    """The registered teacher that a configuration names, with fresh weights.

    Raises:
        ConfigError: It is not registered, cannot be built, or has another number of experts.
    """
    factory = _TEACHERS.get(config.custom)
    with _blaming(f"teacher {config.custom!r}"):
        teacher = factory(config)
        _require(isinstance(teacher, LunarMoETeacher), "it is not a LunarMoETeacher")
        found, wanted = len(teacher.experts), config.num_experts
        _require(found == wanted, f"it has {found} experts, but its configuration says {wanted}")
        _require_persistent(teacher)
    return teacher


@dataclass(frozen=True)
class ExtraLosses:
    """Losses of extensions, ready to be added to the VAE's.

    Attributes:
        terms: By name: weight and function.
    """

    terms: Mapping[str, tuple[float, LossTerm]]

    def __call__(self, recon_BCHW: Tensor, target_BCHW: Tensor, mu_BL: Tensor, logvar_BL: Tensor) -> dict[str, Tensor]:
        """Each loss times its weight, a scalar, by name.

        Raises:
            ConfigError: One fails, or does not give a scalar.
        """
        losses: dict[str, Tensor] = {}
        for name, (weight, term) in self.terms.items():
            with _blaming(f"loss {name!r}", "gave no loss"):
                value = term(recon_BCHW, target_BCHW, mu_BL, logvar_BL)
                _require(value.ndim == 0, f"its shape is {tuple(value.shape)} instead of a single number")
            losses[name] = weight * value
        return losses


def loss_terms(names: Sequence[str], device: torch.device) -> ExtraLosses:
    """The losses named by `training.extra_losses`; modules are built, moved to `device` and frozen.

    A metric named here rewards the VAE: the loss is minus its mean score.

    Args:
        names: Each `name` or `name:weight`.
        device: Where the run computes.

    Raises:
        ConfigError: One is not registered, or its weight is not a number.
    """
    terms: dict[str, tuple[float, LossTerm]] = {}
    for entry in names:
        name, _, weight = entry.partition(":")
        try:
            factor = float(weight or 1.0)
        except ValueError as exc:
            raise ConfigError(f"{weight!r} is not a weight for the loss {name!r}.", hint="Write name:0.1.") from exc
        if name in _METRICS.entries and name not in _LOSSES.entries:
            terms[name] = (factor, _Reward(_built(f"metric {name!r}", _METRICS.get(name), device)))
        else:
            terms[name] = (factor, _built(f"loss {name!r}", _LOSSES.get(name), device))
    return ExtraLosses(terms)


def quality_metrics(names: Sequence[str], device: torch.device) -> dict[str, Metric]:
    """The metrics named by `training.extra_metrics`, as `loss_terms` builds losses.

    Raises:
        ConfigError: One is not registered.
    """
    return {name: _built(f"metric {name!r}", _METRICS.get(name), device) for name in names}


@dataclass(frozen=True)
class _Reward:
    """A metric as a loss."""

    metric: Metric

    def __call__(self, recon_BCHW: Tensor, target_BCHW: Tensor, mu_BL: Tensor, logvar_BL: Tensor) -> Tensor:
        del mu_BL, logvar_BL
        return -self.metric(recon_BCHW, target_BCHW).float().mean()


F = TypeVar("F", bound=Callable[..., Tensor])


def _built(what: str, thing: F | type[nn.Module], device: torch.device) -> F:
    """A function as it is; a module class built, moved and frozen."""
    if isinstance(thing, type):
        with _blaming(what):
            return thing().to(device).eval().requires_grad_(False)  # type: ignore[return-value] # modules are callable; their signature is the user's promise
    return thing


def _options(factory: VaeFactory, config: CustomVaeConfig) -> dict[str, object]:
    """`name=value` texts as the types of the factory's own defaults."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(factory).parameters.items()
        if isinstance(parameter.default, bool | int | float | str)
    }
    options: dict[str, object] = {}
    for entry in config.options:
        name, _, text = entry.partition("=")
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise ConfigError(f"The VAE {config.name!r} has no option {name!r}.", hint=f"Its options are: {known}.")
        options[name] = _parsed(config.name, name, text, defaults[name])
    return options


def _parsed(owner: str, name: str, text: str, default: bool | float | str) -> bool | float | str:
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text]
        return type(default)(text)
    except (KeyError, ValueError) as exc:
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        raise ConfigError(
            f"The option {name!r} of the VAE {owner!r} must be {kind}, not {text!r}.", hint="Give another value."
        ) from exc


@contextmanager
def _blaming(what: str, outcome: str = "cannot be used") -> Iterator[None]:
    """Name the extension's part in whatever goes wrong in it."""
    try:
        yield
    except LunarError:
        raise
    except _MISTAKES as exc:
        raise ConfigError(
            f"The {what} of your extension {outcome}: {str(exc) or type(exc).__name__}.", hint="Correct your extension."
        ) from exc


def _require(fact: bool, complaint: str) -> None:
    if not fact:
        raise ValueError(complaint)


def _require_persistent(module: nn.Module) -> None:
    """A model file keeps what is in the state; a buffer outside of it would come back empty."""
    kept = module.state_dict().keys()
    lost = [name for name, _ in module.named_buffers() if name not in kept]
    _require(not lost, f"its buffer {lost[0] if lost else ''} is not persistent and would be lost in the model file")
