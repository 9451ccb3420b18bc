"""Straight networks: the same answers in one call, and the network itself where it cannot be traced."""

from __future__ import annotations

import threading

import torch
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig, TeacherConfig
from lunar_studio.models.folding import folded, without_words
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.straight import straight
from lunar_studio.models.teacher import LunarMoETeacher

TEACHER = TeacherConfig(
    image_channels=4,
    channels=(6, 8),
    first_stride=1,
    feature_dim=8,
    hidden_dim=8,
    embedding_dim=8,
    steady=True,
    craft_maps=True,
    peaks=True,
    gate_listens=True,
)


def test_a_straight_drawing_gives_the_same_pixels() -> None:
    torch.manual_seed(4)
    vae = folded(SpriteVAE(SpriteVaeConfig(image_size=16, widths=(8, 12), colours=6, cell_channels=2)))

    def render(z_1L: Tensor) -> tuple[Tensor, ...]:
        return (vae.render(z_1L),)

    swift = straight(vae, render, torch.randn(1, vae.latent_dim))
    assert swift is not render, "it was traced"
    with torch.inference_mode():
        for _ in range(5):
            z_1L = torch.randn(1, vae.latent_dim)
            assert torch.equal(swift(z_1L)[0], vae.render(z_1L))


def test_a_straight_judge_says_the_same_of_sprites_that_stand_elsewhere() -> None:
    torch.manual_seed(5)
    judge = without_words(folded(LunarMoETeacher(TEACHER)))

    def quality(x_1CHW: Tensor) -> tuple[Tensor, ...]:
        return tuple(judge(x_1CHW)[:3])

    swift = straight(judge, quality, torch.rand(1, 4, 16, 16) * 2 - 1)
    assert swift is not quality, "it was traced"
    for number in range(6):
        x_1CHW = torch.full((1, 4, 16, 16), -1.0)
        x_1CHW[..., number : number + 7, 9 - number : 16 - number] = torch.rand(1, 4, 7, 7)
        with torch.inference_mode():
            for one, other in zip(swift(x_1CHW), quality(x_1CHW), strict=True):
                torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


class Moody(nn.Module):
    """Does one thing or the other, as the numbers have it: a trace would know only one."""

    def answer(self, x: Tensor) -> tuple[Tensor, ...]:
        """Twice a large input, minus a small one."""
        return (2 * x,) if float(x.abs().max()) > 1.0 else (-x,)


def test_what_decides_by_numbers_answers_itself() -> None:
    moody = Moody()
    swift = straight(moody, moody.answer, torch.full((1, 3), 1.5))
    assert torch.equal(swift(torch.full((1, 3), 0.5))[0], torch.full((1, 3), -0.5))


class Untraceable(nn.Module):
    """Fails in a tracer's hands, as an extension may."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def answer(self, x: Tensor) -> tuple[Tensor, ...]:
        """One more, but for the first time."""
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("not in this company")
        return (x + 1,)


def test_what_cannot_be_traced_answers_itself() -> None:
    strange = Untraceable()
    swift = straight(strange, strange.answer, torch.zeros(1, 2))
    assert torch.equal(swift(torch.zeros(1, 2))[0], torch.ones(1, 2))


def test_who_trains_in_another_thread_never_notices() -> None:
    """The studio opens models while a training runs in the same process."""
    torch.manual_seed(6)
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 1))
    x = torch.randn(2, 4, 8, 8)

    def gradient() -> Tensor:
        network.zero_grad(set_to_none=True)
        network(x).sum().backward()
        weight = network[0].weight
        assert isinstance(weight, Tensor)
        assert weight.grad is not None
        return weight.grad.clone()

    wrong, done = list[str](), threading.Event()
    wanted: list[Tensor] = []

    def train() -> None:
        torch.set_num_threads(1)
        wanted.append(gradient())
        while not done.is_set():
            if not torch.equal(gradient(), wanted[0]):
                wrong.append("another gradient")

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        judge = without_words(folded(LunarMoETeacher(TEACHER)))
        for _ in range(5):
            straight(judge, lambda given: tuple(judge(given)[:3]), torch.rand(1, 4, 16, 16))
    finally:
        done.set()
        trainer.join()
    assert wanted
    assert not wrong
