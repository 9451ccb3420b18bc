"""Folding: the same answers without a normalisation left, and the network itself as it was."""

import torch
from torch import nn

from lunar_studio.core.config import SpriteVaeConfig, TeacherConfig
from lunar_studio.models.folding import folded, without_words
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.teacher import Judgement, LunarMoETeacher


def trained_a_little() -> LunarMoETeacher:
    """A teacher whose statistics are no longer those of a fresh one."""
    torch.manual_seed(2)
    config = TeacherConfig(
        image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, hidden_dim=8, embedding_dim=8, steady=True
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


def test_without_words_it_judges_the_same_and_says_none() -> None:
    teacher, x = trained_a_little(), torch.rand(2, 4, 16, 16) * 2 - 1
    quiet = without_words(folded(teacher))
    with torch.inference_mode():
        said, before = quiet(x), teacher(x)
    torch.testing.assert_close(said.logit_B, before.logit_B, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said.expert_logits_BE, before.expert_logits_BE, atol=1e-5, rtol=1e-4)
    assert said.embedding_BD.shape == (2, 0)
    assert before.embedding_BD.shape == (2, 8)


def test_a_folded_vae_encodes_and_draws_as_before() -> None:
    torch.manual_seed(3)
    vae = SpriteVAE(SpriteVaeConfig(image_size=16, widths=(8, 12), colours=6, cell_channels=2))
    for _ in range(5):  # statistics of its own, and blocks that are no longer the identity
        vae(torch.rand(6, 4, 16, 16) * 2 - 1)
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    swift, x = folded(vae.eval()), torch.rand(3, 4, 16, 16) * 2 - 1
    assert sum(isinstance(module, nn.BatchNorm2d) for module in swift.modules()) < sum(
        isinstance(module, nn.BatchNorm2d) for module in vae.modules()
    )
    with torch.inference_mode():
        mean_BL = vae.encode(x)[0]
        torch.testing.assert_close(swift.encode(x)[0], mean_BL, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(
            swift.decode_indexed(mean_BL).logits_BKHW, vae.decode_indexed(mean_BL).logits_BKHW, atol=1e-4, rtol=1e-3
        )


class Own(LunarMoETeacher):
    """A teacher as an extension may bring it, which asks its experts itself."""

    def __init__(self, config: TeacherConfig) -> None:
        super().__init__(config)
        self.words = nn.Linear(1, config.embedding_dim)

    def forward(self, x_BCHW: torch.Tensor) -> Judgement:
        """The first expert's word only."""
        logits_B1 = self.quality_head(self.experts[0](self.backbone(x_BCHW)))
        return Judgement(logits_B1[:, 0], logits_B1, torch.ones_like(logits_B1), self.words(logits_B1))


def test_the_teacher_of_an_extension_keeps_its_experts_and_its_words() -> None:
    own = Own(TeacherConfig(image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, embedding_dim=8))
    swift = without_words(folded(own))
    x = torch.rand(2, 4, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(swift(x).embedding_BD, own.eval()(x).embedding_BD, atol=1e-5, rtol=1e-4)
