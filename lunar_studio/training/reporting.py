"""What a run tells on its way: figures of steps, validations, previews."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
import torch

from lunar_studio.core.arrays import U8
from lunar_studio.core.events import PreviewReady, StepDone, Validated
from lunar_studio.data.dataset import I64
from lunar_studio.evaluation import reconstruction
from lunar_studio.models.extensions import quality_metrics
from lunar_studio.training import schedules
from lunar_studio.training.leg import Leg
from lunar_studio.training.step import Outcome

PREVIEWED = 8
VALIDATED = 512
_RATE_WINDOW = 20


class Reporter:
    """Makes the events of steps, validations and previews.

    Args:
        leg: What they are about.

    Attributes:
        figures: Of the last validation; empty before the first.
    """

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.figures: dict[str, float] = {}
        # The teacher does not learn in every step; its last figures stand until the next.
        self._losses: dict[str, float] = {}
        self._expert_shares: tuple[float, ...] = ()
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RATE_WINDOW)
        self.forget_rate()

    def forget_rate(self) -> None:
        """Measure the rate anew, as after a rest."""
        self._recent.clear()
        self._recent.append((time.perf_counter(), self.leg.state.images))

    def step_done(self, outcome: Outcome) -> StepDone:
        """A step, with what it gave."""
        training, state, elapsed_s = self.leg.config.training, self.leg.state, self.leg.worked_s
        self._recent.append((time.perf_counter(), state.images))
        self._losses |= outcome.losses
        self._expert_shares = outcome.expert_shares or self._expert_shares
        seconds, images = (last - first for last, first in zip(self._recent[-1], self._recent[0], strict=True))
        share = state.step / training.max_steps
        place = schedules.placed(training, state.step - 1, state.shortcut)
        if training.max_minutes:
            share = max(share, min(1.0, elapsed_s / 60.0 / training.max_minutes))
        return StepDone(
            step=state.step,
            elapsed_s=elapsed_s,
            images=state.images,
            images_per_s=images / seconds if seconds > 0 else 0.0,
            losses=dict(self._losses),
            schedules={
                "learning_rate": training.learning_rate * schedules.rate_factor(*place) * state.rate_scale,
                "kl_weight": schedules.kl_weight(*place),
                "quality_weight": schedules.quality_weight(*place),
                "gradient_norm": outcome.gradient_norm,
            },
            expert_shares=self._expert_shares,
            share_done=share,
        )

    def validate(self) -> Validated | None:
        """Figures on held-out sprites; None where there are none, or where somebody wants the run to end."""
        leg = self.leg
        indices = leg.dataset.indices("validation")[:VALIDATED]
        if not len(indices):
            return None
        sprites = np.ascontiguousarray(leg.dataset.sprites_NHWC[indices])
        figures, each = reconstruction.evaluate_vae(leg.state.kept_vae, sprites, should_stop=leg.should_stop)
        if len(each) < len(indices):
            self._back_to_training()
            return None
        losses = leg.lessons.validation_losses(leg.state, sprites, leg.plan)
        extra = self._extra_figures(sprites)
        self._back_to_training()
        self.figures = {
            "psnr": figures["psnr"],
            "ssim": figures["ssim"],
            "exact_pixel": figures["exact_pixel"],
            "alpha_iou": figures["alpha_iou"],
        }
        return Validated(leg.state.step, losses, self.figures | extra)

    def _extra_figures(self, sprites_NHWC: U8) -> dict[str, float]:
        """Quality metrics of extensions: their mean over the first held-out sprites."""
        training, device = self.leg.config.training, self.leg.plan.device
        metrics = quality_metrics(training.extra_metrics, device)
        if not metrics:
            return {}
        vae = self.leg.state.kept_vae
        with torch.inference_mode():
            x = vae.prepare(torch.from_numpy(sprites_NHWC[: training.batch_size]).to(device))
            drawn = vae.prepare(vae.render(vae.encode(x)[0]))
            return {name: float(metric(drawn, x).mean()) for name, metric in metrics.items()}

    def preview(self) -> PreviewReady:
        """The same held-out sprites and the same random latents, as the model draws them now."""
        leg = self.leg
        sprites = np.ascontiguousarray(leg.dataset.sprites_NHWC[self._shown()])
        vae, prior = leg.state.kept_vae, leg.state.kept_prior
        pairs = list(reconstruction.reconstructions(vae, sprites))
        with torch.inference_mode():
            samples = vae.render(prior.sample(PREVIEWED, seed=leg.config.training.seed)).cpu().numpy()
        self._back_to_training()
        return PreviewReady(leg.state.step, sprites, np.concatenate([drawn for _, drawn in pairs]), samples)

    def _shown(self) -> I64:
        held_out = self.leg.dataset.indices("validation")
        indices = held_out if len(held_out) else self.leg.dataset.indices("train")
        return indices[np.linspace(0, len(indices) - 1, min(PREVIEWED, len(indices))).astype(np.int64)]

    def _back_to_training(self) -> None:
        for module in self.leg.state.networks.values():
            module.train()
