"""The prior learns where latents are, invents them repeatably, and stays near when asked."""

import math

import msgspec
import pytest
import torch
from torch import Tensor

from lunar_studio.core.config import PriorConfig
from lunar_studio.models.prior import FlowBlock, LatentPrior

WORDS = 8


def fresh(latent_dim: int = 6, seed: int = 0, steps: int = 8) -> LatentPrior:
    torch.manual_seed(seed)
    prior = LatentPrior(PriorConfig(hidden_dim=32, blocks=2, sample_steps=steps), latent_dim, WORDS)
    for parameter in prior.parameters():  # gates begin at zero, which would make every block the identity
        torch.nn.init.normal_(parameter, std=0.1)
    return prior


def mixture(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two narrow clouds, at -5 and +5 on the first axis; the word says which."""
    side = torch.randint(0, 2, (count,), generator=generator)
    centre = torch.zeros(count, 2)
    centre[:, 0] = side * 10.0 - 5.0
    words = torch.nn.functional.one_hot(side, WORDS).float()
    return centre + torch.randn(count, 2, generator=generator) * 0.3, words


@pytest.fixture(scope="module")
def trained() -> tuple[LatentPrior, list[float]]:
    torch.manual_seed(0)
    prior = LatentPrior(PriorConfig(hidden_dim=48, blocks=2, sample_steps=20), 2, WORDS)
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(prior.parameters(), 2e-3)
    losses = []
    for step in range(600):
        z, words = mixture(128, generator)
        prior.observe(z, max(0.02, 1 / (step + 1)))
        loss = prior.loss(z, words, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    return prior, losses


def test_loss_falls_on_a_mixture(trained: tuple[LatentPrior, list[float]]) -> None:
    _, losses = trained
    assert sum(losses[-50:]) < 0.75 * sum(losses[:50])


def test_samples_lie_in_the_clouds_and_not_between(trained: tuple[LatentPrior, list[float]]) -> None:
    prior, _ = trained
    z = prior.sample(400, seed=3)
    near = (z[:, 0].abs() - 5.0).abs() < 1.5
    assert float(near.float().mean()) > 0.85, "a single Gaussian would put most between the clouds"
    assert 0.3 < float((z[:, 0] > 0).float().mean()) < 0.7, "both clouds are found"


def test_words_choose_the_cloud(trained: tuple[LatentPrior, list[float]]) -> None:
    prior, _ = trained
    for side, sign in ((0, -1.0), (1, 1.0)):
        word = torch.nn.functional.one_hot(torch.tensor(side), WORDS).float()
        z = prior.sample(100, seed=4, words_D=word)
        assert float((z[:, 0].sign() == sign).float().mean()) > 0.95


def test_observed_spread(trained: tuple[LatentPrior, list[float]]) -> None:
    prior, _ = trained
    assert float(prior.std_I[0]) == pytest.approx(5.0, rel=0.1)
    assert float(prior.std_I[1]) == pytest.approx(0.3, rel=0.2)


def test_a_row_depends_on_seed_and_place_only() -> None:
    prior = fresh()
    many = prior.sample(5, seed=7)
    assert torch.equal(many, prior.sample(5, seed=7))
    for count in (1, 3):
        torch.testing.assert_close(prior.sample(count, seed=7), many[:count], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(many[0], many[1])
    assert not torch.allclose(many, prior.sample(5, seed=8))
    assert prior.sample(0, seed=7).shape == (0, 6)


def test_the_state_of_torch_does_not_matter() -> None:
    prior = fresh()
    torch.manual_seed(1)
    first = prior.sample(2, seed=5)
    torch.manual_seed(2)
    assert torch.equal(first, prior.sample(2, seed=5))


def test_the_models_own_temperature_is_what_an_asked_one_is_a_share_of() -> None:
    prior = fresh()
    asked = prior.sample(4, seed=1, temperature=0.4)
    prior.config = msgspec.structs.replace(prior.config, sample_temperature=0.8)
    torch.testing.assert_close(prior.sample(4, seed=1, temperature=0.5), asked)
    assert not torch.equal(prior.sample(4, seed=1), asked)


def test_words_are_followed_through_captions_that_are_like_them() -> None:
    """A word alone is no caption: each latent follows one of the captions near to it, which leans to the word."""
    prior = fresh()
    captions = torch.eye(WORDS)[:4] * 0.8 + torch.eye(WORDS)[4] * 0.6
    prior.topics_TD = captions[[0, 1, 2, 3] * (len(prior.topics_TD) // 4)]
    word = torch.nn.functional.normalize(torch.eye(WORDS)[0] + 0.1 * torch.eye(WORDS)[4], dim=0)
    followed = prior._captioned(word, 6, seed=0)
    # The first caption is the only one like it; the others share nothing but what all captions share.
    expected = torch.nn.functional.normalize(captions[0] + 0.5 * word, dim=0)
    torch.testing.assert_close(followed, expected.expand(6, -1))
    general = torch.eye(WORDS)[4]
    assert len(set(map(tuple, prior._captioned(general, 40, seed=0).tolist()))) == 4, "all four are as like it"
    torch.testing.assert_close(prior._captioned(general, 5, seed=3), prior._captioned(general, 9, seed=3)[:5])
    prior.topics_TD = torch.zeros_like(prior.topics_TD)
    torch.testing.assert_close(prior._captioned(word, 2, seed=0), word.expand(2, -1))


def test_temperature_zero_leaves_no_chance() -> None:
    prior = fresh()
    cold = prior.sample(3, seed=1, temperature=0.0)
    torch.testing.assert_close(cold, prior.sample(3, seed=99, temperature=0.0))
    torch.testing.assert_close(cold[0], cold[1])
    spread = [float(prior.sample(64, seed=1, temperature=t).std(dim=0).mean()) for t in (0.25, 0.5, 1.0)]
    assert spread == sorted(spread)


def test_near_with_strength_zero_gives_the_latent_back() -> None:
    prior = fresh()
    prior.mean_I.fill_(3.0)
    prior.std_I.fill_(0.5)
    latent = torch.linspace(-2, 2, 6)
    back = prior.sample(3, seed=1, near_L=latent, strength=0.0)
    torch.testing.assert_close(back, latent.expand(3, -1), atol=1e-5, rtol=1e-5)
    distance = [float((prior.sample(32, seed=1, near_L=latent, strength=s) - latent).norm()) for s in (0.1, 0.4, 1.0)]
    assert distance == sorted(distance)
    torch.testing.assert_close(prior.sample(2, seed=1, near_L=latent, strength=1.0), prior.sample(2, seed=1))


def test_unknown_words_are_no_words() -> None:
    prior = fresh()
    assert torch.equal(prior.sample(2, seed=1, words_D=torch.zeros(WORDS)), prior.sample(2, seed=1))
    word = torch.zeros(WORDS)
    word[2] = 1.0
    assert not torch.allclose(prior.sample(2, seed=1, words_D=word), prior.sample(2, seed=1))


def test_one_latent_has_no_spread() -> None:
    prior = fresh()
    prior.observe(torch.full((1, 6), 9.0), 0.5)
    assert bool(torch.isfinite(prior.std_I).all())
    prior.observe(torch.randn(4, 6), 1.0)
    assert not torch.equal(prior.std_I, torch.ones(6))


def test_a_dead_number_does_not_divide_by_zero() -> None:
    prior = fresh()
    prior.observe(torch.ones(4, 6), 1.0)
    assert bool(torch.isfinite(prior.loss(torch.ones(4, 6), torch.zeros(4, WORDS))))


def test_loss_repeats_with_its_generator_and_reaches_every_weight() -> None:
    prior = fresh()
    z = torch.randn(16, 6)
    words = torch.eye(WORDS)[torch.arange(16) % WORDS]
    losses = [prior.loss(z, words, torch.Generator().manual_seed(2)) for _ in range(2)]
    assert torch.equal(losses[0], losses[1])
    losses[0].backward()  # type: ignore[no-untyped-call]
    assert [name for name, p in prior.named_parameters() if p.grad is None] == []


def test_a_fresh_block_is_the_identity() -> None:
    hidden = torch.randn(3, 16)
    torch.testing.assert_close(FlowBlock(16)(hidden, torch.randn(3, 16)), hidden)


def test_velocity_has_the_shape_of_its_point() -> None:
    prior = fresh()
    velocity = prior.velocity(torch.randn(3, 6), torch.rand(3), torch.zeros(3, WORDS), torch.zeros(3, dtype=torch.bool))
    assert velocity.shape == (3, 6)
    assert math.isfinite(float(velocity.detach().sum()))


def test_what_it_does_not_invent_is_nothing_or_fades_from_what_it_starts_near() -> None:
    prior = LatentPrior(PriorConfig(hidden_dim=32, blocks=1, sample_steps=2), 7, WORDS, 4)
    assert prior.sample(3, seed=1)[:, 4:].tolist() == [[0.0] * 3] * 3
    near = torch.arange(7.0)
    assert torch.allclose(prior.sample(2, seed=1, near_L=near, strength=0.0), near.expand(2, -1), atol=1e-5)
    assert torch.allclose(prior.sample(2, seed=1, near_L=near, strength=0.25)[:, 4:], near[4:] * 0.75)
    prior.observe(torch.randn(5, 7), 0.5)
    prior.standardise(torch.randn(5, 7), torch.rand(5, 7))
    assert float(prior.loss(torch.randn(5, 7), torch.zeros(5, WORDS)).detach()) > 0
