"""Everything that a run changes: networks, their averages, optimizers, scaler, counters."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, cast

import torch
from torch import Tensor, nn

from lunar_studio.core.config import RunConfig
from lunar_studio.models.bundle import build_networks
from lunar_studio.models.checkpointing import enable_gradient_checkpointing
from lunar_studio.models.extensions import ExtraLosses, loss_terms
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.training.device import Plan, lay_out
from lunar_studio.training.peers import ALONE, Peers
from lunar_studio.training.schedules import Shortcut
from lunar_studio.training.shared_norm import share_norms

Scalars = dict[str, float | int | str]
Part = Literal["vae", "teacher", "prior"]
ALONE_STEPS = "alone."
"""What the names of scalars begin with that count steps of a part alone."""
_SHORTCUT = "shortcut."


@dataclass
class TrainState:
    """The moving parts of a run.

    Attributes:
        config: What the run was asked for.
        networks: Live networks by part: `vae`, `prior`, and `teacher` unless it is off.
        averages: Averaged copies of `vae` and `prior`, and of a `teacher` that learns after the VAE, in eval mode;
            empty when `ema_decay` is 0.
        optimizers: AdamW by part.
        scaler: Loss scaling; disabled but for fp16.
        step: Steps done.
        images: Sprites seen.
        rate_scale: Falls by half each time losses were not finite.
        strikes: How often that happened.
        best_exact_pixel: Best validation so far; -1 before the first.
        balance_scale: Rises tenfold each time the experts collapsed into one.
        rates: Learning rate of each part, before schedules.
        alone: Steps that a part has learned alone since the VAE last learned.
        shortcut: How the schedule ends early, where somebody asked for it.
        extra_losses: Losses of extensions that the VAE learns too.
        peers: The processes that share the run.
    """

    config: RunConfig
    networks: dict[str, nn.Module]
    averages: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    scaler: torch.amp.GradScaler
    step: int = 0
    images: int = 0
    rate_scale: float = 1.0
    strikes: int = 0
    best_exact_pixel: float = -1.0
    balance_scale: float = 1.0
    rates: dict[str, float] = field(default_factory=dict)
    alone: dict[Part, int] = field(default_factory=dict)
    shortcut: Shortcut | None = None
    extra_losses: ExtraLosses = field(default_factory=lambda: ExtraLosses({}))
    peers: Peers = ALONE

    @property
    def vae(self) -> LatentModel:
        """The live VAE."""
        return cast(LatentModel, self.networks["vae"])

    @property
    def prior(self) -> LatentPrior:
        """The live prior."""
        return cast(LatentPrior, self.networks["prior"])

    @property
    def teacher(self) -> LunarMoETeacher | None:
        """The live teacher, or None when it is off."""
        return cast("LunarMoETeacher | None", self.networks.get("teacher"))

    @property
    def progress(self) -> int:
        """Steps taken in all, those of parts that learn alone among them."""
        return self.step + sum(self.alone.values())

    def finished(self, part: str) -> nn.Module:
        """The network to look at and to keep: the average where there is one; put into eval mode."""
        return self.averages.get(part, self.networks[part]).eval()

    @property
    def kept_vae(self) -> LatentModel:
        """The VAE to look at and to keep, in eval mode."""
        return cast(LatentModel, self.finished("vae"))

    @property
    def kept_prior(self) -> LatentPrior:
        """The prior to sample from and to keep, in eval mode."""
        return cast(LatentPrior, self.finished("prior"))

    def update_averages(self) -> None:
        """Move the averages towards the live weights."""
        for part in ("vae", "prior"):
            self.update_average(part, self.step)

    def update_average(self, part: str, step: int) -> None:
        """Move one average, if it is kept; young averages move faster."""
        if part not in self.averages:
            return
        decay = min(self.config.training.ema_decay, (1.0 + step) / (10.0 + step))
        live, kept = self.networks[part].state_dict(), self.averages[part].state_dict()
        floats = [key for key, value in kept.items() if value.is_floating_point()]
        torch._foreach_lerp_([kept[key] for key in floats], [live[key] for key in floats], 1.0 - decay)
        for key in kept.keys() - set(floats):
            kept[key].copy_(live[key])

    def set_rates(self, factor: float) -> None:
        """Scale every optimizer's own learning rate by `factor` and by `rate_scale`."""
        for part, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.rates[part] * factor * self.rate_scale

    def renew_scaler(self, fresh: torch.amp.GradScaler) -> None:
        """Put a fresh scaler with the same scale in place of one that a broken step has left half used."""
        if self.scaler.is_enabled():
            fresh.load_state_dict(self.scaler.state_dict())
        self.scaler = fresh

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state by a flat name, on the CPU."""
        flat: dict[str, Tensor] = {}
        for kind, modules in (("net", self.networks), ("ema", self.averages)):
            for part, module in modules.items():
                flat |= {f"{kind}.{part}.{key}": value for key, value in module.state_dict().items()}
        for part, optimizer in self.optimizers.items():
            for index, moments in optimizer.state_dict()["state"].items():
                flat |= {f"opt.{part}.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        return {key: value.detach().cpu().contiguous() for key, value in flat.items()}

    def scalars(self) -> Scalars:
        """Every number of the state that is not a tensor."""
        scale = self.scaler.state_dict()
        return {
            "step": self.step,
            "images": self.images,
            "rate_scale": self.rate_scale,
            "strikes": self.strikes,
            "best_exact_pixel": self.best_exact_pixel,
            "balance_scale": self.balance_scale,
            **{f"{ALONE_STEPS}{part}": steps for part, steps in self.alone.items()},
            **({f"{_SHORTCUT}{name}": step for name, step in asdict(self.shortcut).items()} if self.shortcut else {}),
            **{f"scaler.{key}": value for key, value in scale.items()},
        }

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, float | int | str]) -> tuple[Part, ...]:
        """Take over what `tensors()` and `scalars()` gave.

        A part that learns alone once the VAE is done may have been given another shape since; it stays fresh.

        Returns:
            The parts that begin anew.

        Raises:
            KeyError, RuntimeError, ValueError: They belong to another configuration.
        """
        fresh = tuple(part for part in self._exchangeable() if not self._fits(part, tensors))
        for kind, modules in (("net", self.networks), ("ema", self.averages)):
            for part, module in modules.items():
                if part in fresh:
                    continue
                prefix = f"{kind}.{part}."
                module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        for part, optimizer in self.optimizers.items():
            if part in fresh:
                continue
            own = optimizer.state_dict()
            moments: dict[int, dict[str, Tensor]] = {}
            prefix = f"opt.{part}."
            for key, value in tensors.items():
                if key.startswith(prefix):
                    index, name = key.removeprefix(prefix).split(".", 1)
                    moments.setdefault(int(index), {})[name] = value.clone()
            optimizer.load_state_dict({"state": moments, "param_groups": own["param_groups"]})
        self.step, self.images = int(scalars["step"]), int(scalars["images"])
        self.rate_scale, self.strikes = float(scalars["rate_scale"]), int(scalars["strikes"])
        self.best_exact_pixel = float(scalars["best_exact_pixel"])
        self.balance_scale = float(scalars["balance_scale"])
        parts: tuple[Part, ...] = ("vae", "teacher", "prior")
        learned = tuple(part for part in parts if part not in fresh and ALONE_STEPS + part in scalars)
        self.alone = {part: int(scalars[ALONE_STEPS + part]) for part in learned}
        cut = {key.removeprefix(_SHORTCUT): int(step) for key, step in scalars.items() if key.startswith(_SHORTCUT)}
        # A run that is to go on beyond that end has a schedule of its own again.
        self.shortcut = Shortcut(**cut) if cut and cut["end"] == self.config.training.max_steps else None
        scale = {key.removeprefix("scaler."): value for key, value in scalars.items() if key.startswith("scaler.")}
        if self.scaler.is_enabled() and scale:
            self.scaler.load_state_dict(scale)
        return fresh

    def _exchangeable(self) -> tuple[Part, ...]:
        """The parts that nothing but themselves has learned from."""
        return ("teacher", "prior") if self.config.training.teacher_mode == "after" else ("prior",)

    def _fits(self, part: Part, tensors: Mapping[str, Tensor]) -> bool:
        """Whether tensors hold this part, and its average, in the shape it has."""
        for kind, modules in (("net", self.networks), ("ema", self.averages)):
            if part not in modules:
                continue
            prefix = f"{kind}.{part}."
            held = {key.removeprefix(prefix): value.shape for key, value in tensors.items() if key.startswith(prefix)}
            if held != {key: value.shape for key, value in modules[part].state_dict().items()}:
                return False
        return True


def new_state(config: RunConfig, plan: Plan, peers: Peers = ALONE) -> TrainState:
    """Fresh networks and optimizers; the seed fixes the weights.

    Args:
        config: What to build.
        plan: Where.
        peers: The processes that share the run.

    Raises:
        ConfigError: The parts of the configuration do not fit together.
    """
    torch.manual_seed(config.training.seed)
    networks = {
        part: lay_out(module.to(plan.device), plan.memory_format).train()
        for part, module in build_networks(config).items()
    }
    training = config.training
    rates = {
        "vae": training.learning_rate,
        "teacher": training.teacher_learning_rate,
        "prior": config.prior.learning_rate,
    }
    averages: dict[str, nn.Module] = {}
    if training.ema_decay > 0:
        averaged = ("vae", "prior", "teacher") if training.teacher_mode == "after" else ("vae", "prior")
        averages = {part: copy.deepcopy(networks[part]).eval().requires_grad_(False) for part in averaged}
    optimizers: dict[str, torch.optim.Optimizer] = {
        part: torch.optim.AdamW(module.parameters(), lr=rates[part], weight_decay=training.weight_decay, fused=True)
        for part, module in networks.items()
    }
    if training.gradient_checkpointing:
        for module in networks.values():
            enable_gradient_checkpointing(module)
    if peers.together:
        for module in networks.values():
            share_norms(module, peers)
    extra = loss_terms(training.extra_losses, plan.device)
    return TrainState(
        config, networks, averages, optimizers, plan.scaler(), rates=rates, extra_losses=extra, peers=peers
    )
