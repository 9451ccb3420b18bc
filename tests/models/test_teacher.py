"""The teacher: its size, its gate, and scores that add up."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.config import TeacherConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.models.bundle import networks_on_meta
from lunar_studio.models.teacher import LunarMoETeacher

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
