"""Meaning: the same of a sprite that lies on its side, and no hub before what is really like the words."""

from __future__ import annotations

import torch
from torch import Tensor

from lunar_studio.core.config import TeacherConfig
from lunar_studio.models.meaning import Meaning
from lunar_studio.models.teacher import LunarMoETeacher

D = 6


def teacher() -> LunarMoETeacher:
    torch.manual_seed(9)
    config = TeacherConfig(
        image_channels=4, channels=(6, 8), first_stride=1, feature_dim=8, hidden_dim=8, embedding_dim=D
    )
    return LunarMoETeacher(config).eval()


def test_it_sees_the_same_in_a_sprite_on_its_side() -> None:
    meaning = Meaning(teacher(), torch.zeros(0, D))
    x_BCHW = torch.rand(3, 4, 16, 16) * 2 - 1
    seen = meaning.see(x_BCHW)
    assert seen.shape == (3, D)
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(meaning.see(torch.rot90(x_BCHW, 1, (2, 3))), seen, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(meaning.see(x_BCHW.flip(1)), seen, atol=1e-5), "other colours are another sprite"


def test_a_hub_does_not_come_first_for_words_that_another_is_like() -> None:
    """Forty captions around one spot; a sprite that is near all of them, and one near a lonely caption."""
    generator = torch.Generator().manual_seed(3)
    spot = torch.eye(D)[0]
    crowd = torch.nn.functional.normalize(spot + 0.2 * torch.randn(40, D, generator=generator), dim=1)
    text = torch.nn.functional.normalize(spot * 0.8 + torch.eye(D)[1], dim=0)[None]
    hub = spot[None]
    own = torch.nn.functional.normalize(torch.eye(D)[1] * 0.55 + torch.eye(D)[2], dim=0)[None]
    seen = torch.cat([hub, own])
    cosine = (seen @ text.T)[:, 0]
    assert cosine[0] > cosine[1], "by the cosine the hub comes first"
    likeness = Meaning(teacher(), crowd).likeness(seen, text)[:, 0]
    assert likeness[1] > likeness[0]


def test_without_captions_it_is_the_cosine() -> None:
    seen, texts = (torch.nn.functional.normalize(torch.randn(count, D), dim=1) for count in (4, 3))
    nothing: Tensor = torch.zeros(5, D)
    torch.testing.assert_close(Meaning(teacher(), nothing).likeness(seen, texts), seen @ texts.T)


def test_a_caption_of_the_models_own_is_as_near_to_itself_as_can_be() -> None:
    captions = torch.nn.functional.normalize(torch.randn(1, D), dim=1)
    torch.testing.assert_close(Meaning(teacher(), captions).likeness(captions, captions), torch.ones(1, 1))
