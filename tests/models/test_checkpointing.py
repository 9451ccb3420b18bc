"""Gradient checkpointing keeps less, changes nothing else, and minds BatchNorm and frozen teachers."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig, SpriteVaeConfig, TeacherConfig
from lunar_studio.models.checkpointing import enable_gradient_checkpointing, frozen_statistics, runs_of
from lunar_studio.models.classic import LunarCoreVAE
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.teacher import LunarMoETeacher

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "classic": lambda: LunarCoreVAE(ClassicVaeConfig(image_size=32, encoder_channels=(32, 48, 64, 64), latent_dim=8)),
    "sprite": lambda: SpriteVAE(SpriteVaeConfig(image_size=32, widths=(16, 24, 32), decoder_blocks=2)),
    "teacher": lambda: LunarMoETeacher(TeacherConfig(image_channels=4, channels=(8, 16, 24, 32), num_experts=2)),
}


def fresh(name: str) -> nn.Module:
    torch.manual_seed(3)
    network = NETWORKS[name]().train()
    for parameter in network.parameters():  # residual blocks begin at zero, which would hide mistakes
        nn.init.normal_(parameter, std=0.2)
    return network


def pictures(network: nn.Module, count: int = 6) -> Tensor:
    channels = network.image_channels if isinstance(network, LatentModel) else 4
    assert isinstance(channels, int)
    return torch.rand(count, channels, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def loss_of(network: nn.Module, x: Tensor) -> Tensor:
    torch.manual_seed(11)  # the reparameterisation's noise
    if isinstance(network, LatentModel):
        mu, logvar = network.encode(x)
        return network.reconstruct(network.reparameterize(mu, logvar * 0.1), x).loss
    judged = network(x)
    return (judged.logit_B**2).sum() + (judged.embedding_BD**2).sum()  # type: ignore[no-any-return]


def kept_bytes(network: nn.Module, x: Tensor) -> int:
    """Bytes that a forward pass keeps for its backward pass, without the weights."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
    storages: dict[int, tuple[int, Tensor]] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address comes back
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = loss_of(network, x)
    del loss
    return sum(size for size, _ in storages.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_same_gradients_and_statistics(name: str) -> None:
    plain, thrifty = fresh(name), fresh(name)
    enable_gradient_checkpointing(thrifty)
    x = pictures(plain)
    for _ in range(2):  # twice: statistics moved once too often would show in the second
        losses = []
        for network in (plain, thrifty):
            network.zero_grad()
            loss = loss_of(network, x)
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(float(loss.detach()))
        assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for (key, a), (_, b) in zip(plain.named_parameters(), thrifty.named_parameters(), strict=True):
        assert a.grad is not None, key
        assert b.grad is not None, key
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-6 * float(a.grad.abs().max()), msg=key)
    for (key, before), (_, after) in zip(plain.named_buffers(), thrifty.named_buffers(), strict=True):
        assert torch.equal(before, after), f"{key} moved differently"


@pytest.mark.parametrize(("name", "at_most"), [("classic", 0.65), ("sprite", 0.6), ("teacher", 0.5)])
def test_keeps_less(name: str, at_most: float) -> None:
    plain, thrifty = fresh(name), fresh(name)
    enable_gradient_checkpointing(thrifty)
    x = pictures(plain)
    assert kept_bytes(thrifty, x) < at_most * kept_bytes(plain, x)


def test_a_judge_that_was_frozen_only_while_it_judged() -> None:
    """The training step freezes the teacher, asks it, and thaws it before the backward pass."""

    def reward_gradient(teacher: nn.Module) -> Tensor:
        x = pictures(teacher).requires_grad_()
        teacher.eval().requires_grad_(False)
        score = teacher(x).score_B.sum()
        teacher.train().requires_grad_(True)
        score.backward()
        assert all(parameter.grad is None for parameter in teacher.parameters()), "the judge must not learn from this"
        assert all(part.training for part in teacher.modules())
        assert all(parameter.requires_grad for parameter in teacher.parameters())
        assert x.grad is not None
        return x.grad

    plain, thrifty = fresh("teacher"), fresh("teacher")
    for teacher in (plain, thrifty):  # statistics that differ from any batch's
        for part in teacher.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.constant_(part.running_mean, 0.3)  # type: ignore[arg-type]
                nn.init.constant_(part.running_var, 2.0)  # type: ignore[arg-type]
    enable_gradient_checkpointing(thrifty)
    expected = reward_gradient(plain)
    assert float(expected.abs().max()) > 0
    torch.testing.assert_close(reward_gradient(thrifty), expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))


def test_a_copy_runs_its_own_weights() -> None:
    network = fresh("classic")
    enable_gradient_checkpointing(network)
    x = pictures(network)
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
    assert isinstance(twin, LunarCoreVAE)
    assert float(twin.encode(x)[0].detach().abs().max()) > 0
    loss_of(twin, x).backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_names_stay_and_a_second_call_changes_nothing(name: str) -> None:
    network = fresh(name)
    keys = list(network.state_dict())
    enable_gradient_checkpointing(network)
    once = kept_bytes(network, pictures(network))
    enable_gradient_checkpointing(network)
    assert list(network.state_dict()) == keys
    assert kept_bytes(network, pictures(network)) == once


def test_without_gradients_nothing_is_cut() -> None:
    network = fresh("sprite").eval()
    x = pictures(network)
    assert isinstance(network, SpriteVAE)
    with torch.no_grad():
        before = network.encode(x)[0]
    enable_gradient_checkpointing(network)
    with torch.inference_mode():
        assert torch.equal(network.encode(x)[0], before)


def test_under_autocast() -> None:
    plain, thrifty = fresh("classic"), fresh("classic")
    enable_gradient_checkpointing(thrifty)
    grads = []
    for network in (plain, thrifty):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(network, pictures(network))
        loss.backward()  # type: ignore[no-untyped-call]
        grads.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-3, atol=1e-3 * float(grads[0].abs().max()))


def test_frozen_statistics() -> None:
    norm = nn.BatchNorm2d(3)
    x = torch.rand(4, 3, 5, 5) * 7
    with frozen_statistics(norm):
        inside = norm(x)
    assert torch.equal(norm.running_mean, torch.zeros(3))  # type: ignore[arg-type]
    assert int(norm.num_batches_tracked) == 0  # type: ignore[arg-type]
    assert norm.momentum == pytest.approx(0.1)
    assert torch.equal(inside, norm(x)), "it normalises by the batch all the same"
    assert float(norm.running_mean.abs().min()) > 0  # type: ignore[union-attr]


def test_runs_hold_every_layer_once_and_in_order() -> None:
    layers = [nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, 1), nn.Tanh()]
    runs = runs_of(nn.Sequential(nn.PixelUnshuffle(1), *layers))
    assert [layer for run in runs for layer in run][1:] == layers
    assert [len(run) for run in runs] == [5, 2]


def test_a_block_ends_a_run() -> None:
    block = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, 1))
    layers = [nn.Conv2d(1, 1, 1), block, nn.ReLU(), copy.deepcopy(block), nn.Conv2d(1, 1, 1), nn.Tanh()]
    assert [len(run) for run in runs_of(nn.Sequential(*layers))] == [3, 1, 2]
