"""The losses agree with the document's formulas in float64, gradients included."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lunar_studio.models.losses import balance_loss, kl_loss, quality_loss, ranking_loss, semantic_loss, vae_loss

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
seeds = st.integers(0, 2**32 - 1)


def numbers(seed: int, *shape: int, scale: float = 1.0) -> Array:
    return np.random.default_rng(seed).normal(0.0, scale, shape)


def leaf(values: Array) -> Tensor:
    return torch.from_numpy(values).float().requires_grad_()


def gradient(loss: Tensor, at: Tensor) -> Array:
    (found,) = torch.autograd.grad(loss, at, retain_graph=True)
    return found.double().numpy()


def agree(found: Array | float, reference: Array | float) -> None:
    np.testing.assert_allclose(found, reference, rtol=1e-6, atol=1e-6 * float(np.abs(reference).max()) + 1e-12)


@given(seeds, st.integers(1, 4), st.integers(1, 40), st.floats(0.0, 2.0))
def test_vae_loss(seed: int, batch: int, latent: int, weight: float) -> None:
    recon, x = (numbers(seed + i, batch, 3, 4, 4).astype(np.float32).astype(np.float64) for i in range(2))
    mu, logvar = (numbers(seed + i, batch, latent).astype(np.float32).astype(np.float64) for i in (2, 3))
    leaves = leaf(recon), leaf(mu), leaf(logvar)
    total, recon_part, kl_part = vae_loss(leaves[0], torch.from_numpy(x).float(), leaves[1], leaves[2], weight)

    squared = ((recon - x) ** 2).mean()
    divergence = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).mean()
    agree(recon_part.item(), squared)
    agree(kl_part.item(), divergence)
    agree(total.item(), squared + weight * divergence)
    agree(gradient(total, leaves[0]), 2 * (recon - x) / x.size)
    agree(gradient(total, leaves[1]), weight * mu / mu.size)
    agree(gradient(total, leaves[2]), weight * -0.5 * (1 - np.exp(logvar)) / mu.size)


@given(seeds, st.integers(1, 5), st.integers(1, 30))
def test_summed_kl_is_the_mean_form_times_the_latent(seed: int, batch: int, latent: int) -> None:
    mu, logvar = torch.from_numpy(numbers(seed, batch, latent)), torch.from_numpy(numbers(seed + 1, batch, latent))
    assert float(kl_loss(mu, logvar, "sum")) == pytest.approx(float(kl_loss(mu, logvar)) * latent, rel=1e-5, abs=1e-7)


def test_kl_of_the_prior_itself_is_zero() -> None:
    assert float(kl_loss(torch.zeros(3, 7), torch.zeros(3, 7))) == 0.0


@given(seeds, st.integers(1, 20), st.floats(0.05, 0.95))
def test_quality_losses(seed: int, batch: int, target: float) -> None:
    scores = np.random.default_rng(seed).uniform(0.01, 0.99, batch).astype(np.float32).astype(np.float64)
    at = leaf(scores)
    pulled = quality_loss(at, "target", target)
    agree(pulled.item(), -(target * np.log(scores) + (1 - target) * np.log1p(-scores)).mean())
    agree(gradient(pulled, at), (scores - target) / (scores * (1 - scores)) / batch)
    praised = quality_loss(at, "mean_score")
    agree(praised.item(), -scores.mean())
    agree(gradient(praised, at), np.full(batch, -1.0 / batch))


def test_the_document_target_is_where_the_quality_loss_is_least() -> None:
    scores = torch.linspace(0.01, 0.99, 99)
    losses = torch.stack([quality_loss(score[None]) for score in scores])
    assert float(scores[losses.argmin()]) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("logit", [-60.0, -20.0, 20.0, 60.0])
def test_a_certain_teacher_leaves_finite_gradients(logit: float) -> None:
    at = torch.tensor([logit], requires_grad=True)
    loss = quality_loss(torch.sigmoid(at))
    loss.backward()  # type: ignore[no-untyped-call]
    assert bool(torch.isfinite(loss))
    assert at.grad is not None
    assert bool(torch.isfinite(at.grad).all())
    if logit == -20.0:
        assert float(at.grad) < -0.7, "a sprite that the teacher is sure is bad must still be pulled up"


def test_quality_loss_inside_autocast() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert quality_loss(torch.tensor([0.5, 0.5], dtype=torch.bfloat16)).dtype == torch.float32


@given(seeds, st.integers(1, 6), st.integers(1, 16))
def test_semantic_loss(seed: int, batch: int, dim: int) -> None:
    predicted = numbers(seed, batch, dim).astype(np.float32).astype(np.float64)
    target = numbers(seed + 1, batch, dim).astype(np.float32).astype(np.float64)
    at = leaf(predicted)
    loss = semantic_loss(at, torch.from_numpy(target).float())
    agree(loss.item(), ((predicted - target) ** 2).mean())
    agree(gradient(loss, at), 2 * (predicted - target) / target.size)


def test_sprites_without_captions_teach_no_meaning() -> None:
    predicted = torch.tensor([[1.0, 2.0], [5.0, 5.0]], requires_grad=True)
    loss = semantic_loss(predicted, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert float(loss.detach()) == pytest.approx(2.0)
    loss.backward()  # type: ignore[no-untyped-call]
    assert predicted.grad is not None
    assert predicted.grad[1].tolist() == [0.0, 0.0]
    nothing = semantic_loss(predicted, torch.zeros(2, 2))
    assert float(nothing.detach()) == 0.0
    assert nothing.requires_grad, "the step calls backward on it"


@given(seeds, st.integers(1, 20), st.floats(0.0, 2.0))
def test_ranking_loss(seed: int, batch: int, margin: float) -> None:
    better = numbers(seed, batch, scale=3.0).astype(np.float32).astype(np.float64)
    worse = numbers(seed + 1, batch, scale=3.0).astype(np.float32).astype(np.float64)
    at = leaf(better)
    gap = margin - (better - worse)
    loss = ranking_loss(at, torch.from_numpy(worse).float(), margin)
    np.testing.assert_allclose(loss.item(), np.log1p(np.exp(gap)).mean(), rtol=2e-6)
    np.testing.assert_allclose(gradient(loss, at), -1 / (1 + np.exp(-gap)) / batch, rtol=2e-6)


def test_balance_is_one_when_fair_and_the_number_of_experts_when_one_has_all() -> None:
    assert float(balance_loss(torch.full((8, 4), 0.25))) == pytest.approx(1.0)
    assert float(balance_loss(torch.eye(4)[[2] * 8])) == pytest.approx(4.0)
    gate = torch.tensor([[0.9, 0.1]], requires_grad=True)
    balance_loss(gate).backward()  # type: ignore[no-untyped-call]
    assert gate.grad is not None
    assert gate.grad[0, 0] > gate.grad[0, 1], "it pushes the favourite down"
