"""Folding: the same answers without a normalisation left, and the network itself as it was."""

import torch
from torch import nn

from lunar_studio.core.config import TeacherConfig
from lunar_studio.models.folding import folded
from lunar_studio.models.teacher import LunarMoETeacher


def trained_a_little() -> LunarMoETeacher:
    """A teacher whose statistics are no longer those of a fresh one."""
    torch.manual_seed(2)
    config = TeacherConfig(
        image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, hidden_dim=8, embedding_dim=8
    )
    teacher = LunarMoETeacher(config)
    for _ in range(5):
        teacher(torch.rand(6, 4, 16, 16) * 3 - 1)
    with torch.no_grad():
        for parameter in teacher.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return teacher.eval()


def test_a_folded_teacher_judges_as_before_and_has_no_normalisation_left() -> None:
    teacher, x = trained_a_little(), torch.rand(3, 4, 16, 16) * 2 - 1
    before = [value.clone() for value in teacher.state_dict().values()]
    swift = folded(teacher)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in swift.modules())
    with torch.inference_mode():
        for one, other in zip(teacher(x), swift(x), strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert all(torch.equal(one, other) for one, other in zip(before, teacher.state_dict().values(), strict=True))


def test_what_it_does_not_know_stays_as_it_is() -> None:
    strange = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    assert isinstance(folded(strange)[1], nn.BatchNorm2d)
