"""The teacher: its size, its gate, and scores that add up."""

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.config import TeacherConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.models.bundle import networks_on_meta
from lunar_studio.models.teacher import LunarMoETeacher, ResNetBlock, centred

SMALL = TeacherConfig(image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, hidden_dim=12, embedding_dim=9)


def test_the_document_teacher_has_about_16_million_parameters() -> None:
    teacher = networks_on_meta(PRESETS["classic-128"])["teacher"]
    count = sum(parameter.numel() for parameter in teacher.parameters())
    assert count == pytest.approx(16e6, rel=0.02)
    assert isinstance(teacher, LunarMoETeacher)
    assert teacher.parameter_count() == count
    assert (len(teacher.experts), teacher.config.embedding_dim) == (4, 64)


def test_the_live_teacher_is_small() -> None:
    live = networks_on_meta(PRESETS["sprite-32"])["teacher"]
    assert sum(parameter.numel() for parameter in live.parameters()) < 1.5e6


@given(st.integers(1, 5), st.integers(0, 1000), st.sampled_from([8, 16, 32, 33]))
def test_gates_sum_to_one_and_the_score_is_their_mixture(experts: int, seed: int, size: int) -> None:
    torch.manual_seed(seed)
    config = TeacherConfig(image_channels=3, channels=(4, 6), num_experts=experts, feature_dim=8, hidden_dim=8)
    teacher = LunarMoETeacher(config).eval()
    with torch.no_grad():
        judged = teacher(torch.rand(3, 3, size, size) * 2 - 1)
    assert judged.gate_BE.shape == judged.expert_logits_BE.shape == (3, experts)
    torch.testing.assert_close(judged.gate_BE.sum(dim=1), torch.ones(3))
    assert float(judged.gate_BE.min()) >= 0.0
    torch.testing.assert_close(judged.logit_B, (judged.gate_BE * judged.expert_logits_BE).sum(dim=1))
    torch.testing.assert_close(judged.score_B, torch.sigmoid(judged.logit_B))
    assert judged.embedding_BD.shape == (3, config.embedding_dim)


def test_experts_differ_and_the_gate_looks() -> None:
    torch.manual_seed(0)
    teacher = LunarMoETeacher(SMALL).eval()
    with torch.no_grad():
        judged = teacher(torch.rand(2, 4, 16, 16) * 2 - 1)
        other = teacher(-torch.ones(2, 4, 16, 16))
    assert judged.expert_logits_BE[0].unique().numel() == 4
    assert not torch.allclose(judged.gate_BE, other.gate_BE)


def test_every_part_learns() -> None:
    teacher = LunarMoETeacher(SMALL)
    judged = teacher(torch.rand(4, 4, 16, 16))
    (judged.logit_B.sum() + judged.embedding_BD.sum()).backward()
    without = [name for name, p in teacher.named_parameters() if p.grad is None]
    assert without == []


def test_a_single_pixel_is_seen_at_stride_one() -> None:
    torch.manual_seed(1)
    teacher = LunarMoETeacher(SMALL).eval()
    x = torch.full((1, 4, 16, 16), -1.0)
    dotted = x.clone()
    dotted[0, :, 7, 7] = 1.0
    with torch.no_grad():
        assert float((teacher(x).logit_B - teacher(dotted).logit_B).abs()) > 1e-6


def _steady(**changes: object) -> LunarMoETeacher:
    torch.manual_seed(5)
    config = TeacherConfig(
        image_channels=4,
        channels=(8, 12),
        first_stride=1,
        feature_dim=8,
        hidden_dim=8,
        embedding_dim=8,
        craft_maps=True,
        craft_blocks=1,
        gate_listens=True,
        forget=0.3,
        peaks=True,
        steady=True,
        words_from="backbone",
    )
    return LunarMoETeacher(msgspec.structs.replace(config, **changes)).eval()


def _sprite_with_room(seed: int, side: int = 16) -> torch.Tensor:
    """A sprite of chance colours in the middle of an empty picture, in the networks' form."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(1, 4, side, side)
    x[:, 3] = -1.0
    tall, wide = (int(torch.randint(1, side - 4, (1,), generator=generator)) for _ in range(2))
    x[:, :, 2 : 2 + tall, 2 : 2 + wide] = torch.rand(1, 4, tall, wide, generator=generator) * 2 - 1
    x[:, 3, 2, 2] = x[:, 3, 1 + tall, 1 + wide] = 1.0
    x[:, :3] *= (x[:, 3:] > 0).float()
    x[:, 3:] = torch.where(x[:, 3:] > 0, 1.0, -1.0)
    return x


@given(st.integers(0, 2**20), st.integers(-2, 2), st.integers(-2, 2), st.booleans())
def test_a_steady_teacher_judges_a_sprite_alike_wherever_it_stands_and_mirrored(
    seed: int, down: int, right: int, flipped: bool
) -> None:
    teacher, x = _steady(), _sprite_with_room(seed)
    moved = x.roll((down, right), dims=(2, 3))
    moved = moved.flip(3) if flipped else moved
    with torch.inference_mode():
        before, after = teacher(x), teacher(moved)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_without_steadiness_a_flip_changes_the_judgement() -> None:
    teacher, x = _steady(steady=False), _sprite_with_room(7)
    with torch.inference_mode():
        assert float((teacher(x).logit_B - teacher(x.flip(3)).logit_B).abs()) > 1e-6


def test_a_batch_is_judged_row_by_row() -> None:
    teacher = _steady()
    rows = torch.cat([_sprite_with_room(seed) for seed in range(3)])
    with torch.inference_mode():
        together = teacher(rows).logit_B
        alone = torch.cat([teacher(row[None]).logit_B for row in rows])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_pictures_filled_to_the_edge_and_empty_ones_stay_where_they_are() -> None:
    full, empty = torch.rand(1, 4, 8, 8), -torch.ones(1, 4, 8, 8)
    torch.testing.assert_close(centred(full + 0.01), full + 0.01)
    torch.testing.assert_close(centred(empty), empty)


def test_a_listening_gate_asks_the_expert_that_objects_more_than_a_deaf_one_does() -> None:
    teacher, x = _steady(), torch.cat([_sprite_with_room(seed) for seed in range(6)])
    with torch.inference_mode():
        listening = teacher(x)
        assert teacher.listening is not None
        teacher.listening.fill_(-100.0)
        deaf = teacher(x)
    torch.testing.assert_close(listening.expert_logits_BE, deaf.expert_logits_BE)
    torch.testing.assert_close(deaf.logit_B, (deaf.gate_BE * deaf.expert_logits_BE).sum(dim=1))
    assert bool((listening.logit_B < deaf.logit_B).all())


def test_words_may_look_further_than_craft() -> None:
    teacher = _steady()
    with torch.no_grad():
        for parameter in teacher.backbone[1].parameters():
            parameter.add_(0.5)
    before, after = _steady(), teacher
    x = _sprite_with_room(3)
    with torch.inference_mode():
        one, other = before(x), after(x)
    torch.testing.assert_close(one.logit_B, other.logit_B)
    assert not torch.allclose(one.embedding_BD, other.embedding_BD)


def test_what_a_steady_teacher_says_can_be_traced_to_pixels() -> None:
    x = _sprite_with_room(11).requires_grad_()
    torch.autograd.backward(_steady()(x).logit_B.sum())
    assert x.grad is not None
    assert float(x.grad.abs().sum()) > 0.0


def test_opaque_pictures_without_alpha_are_steady_under_a_flip() -> None:
    teacher = _steady(image_channels=3)
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(teacher(x).logit_B, teacher(x.flip(3)).logit_B, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_no_strided_shortcut_convolves_fewer_channels_than_a_vector(name: str) -> None:
    """Where channels lie last, oneDNN writes past its buffer in such a layer's gradient."""
    for module in networks_on_meta(PRESETS[name])["teacher"].modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1):
            assert module.stride == (1, 1) or module.in_channels >= 16


@pytest.mark.parametrize("channels", [3, 8, 24])
def test_a_shortcut_that_picks_first_gives_what_a_strided_one_gives(channels: int) -> None:
    torch.manual_seed(channels)
    block, x = ResNetBlock(channels, 32).double().eval(), torch.randn(2, channels, 9, 9, dtype=torch.float64)
    shortcut = block.shortcut[0]
    assert isinstance(shortcut, torch.nn.Conv2d)
    strided = torch.nn.functional.conv2d(x, shortcut.weight, shortcut.bias, stride=2)
    main = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))
    torch.testing.assert_close(block(x), torch.relu(main + block.shortcut[1](strided)))
    assert block.state_dict().keys() >= {"shortcut.0.weight", "shortcut.0.bias"}


@pytest.mark.parametrize("channels", [3, 24])
def test_gradients_are_the_same_in_both_layouts(channels: int) -> None:
    torch.manual_seed(0)
    block, x = ResNetBlock(channels, 64).train(), torch.randn(4, channels, 64, 64)
    gradients = []
    for layout in (torch.contiguous_format, torch.channels_last):
        for parameter in block.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=layout)
            parameter.grad = None
        torch.autograd.backward(block(x.contiguous(memory_format=layout)).square().mean())
        gradients.append([p.grad.clone().contiguous() for p in block.parameters() if p.grad is not None])
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-4, rtol=1e-3)
