"""New colours only, new shape only: the other part stays to the bit, locks hold, the exploration goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.model_info import ModelInfo
from tests.gui.fakes import TinyExplorer
from tests.gui.shell_studio import ShellStudio, studio

PALETTE = 6


class ApartExplorer(TinyExplorer):
    """Keeps colours in its first numbers."""

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, palette_dim=PALETTE)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.loader.explorer = ApartExplorer("Apart")
        with qtbot.waitSignal(made.window.explore.presented):
            made.window.open_model(None)
        made.wait_until_shown()
        yield made


def values(shell: ShellStudio) -> Latent:
    latent = shell.session.document.latent
    assert latent is not None
    return latent


@pytest.mark.parametrize(
    ("action_id", "kept", "title"),
    [
        ("roll-colours", slice(PALETTE, None), "Re-roll colours"),
        ("roll-shape", slice(None, PALETTE), "Re-roll shape"),
    ],
)
def test_the_other_part_stays(shell: ShellStudio, qtbot: QtBot, action_id: str, kept: slice, title: str) -> None:
    before, document = values(shell), shell.session.document
    shell.window.actions_by_id[action_id].trigger()
    qtbot.waitUntil(lambda: values(shell) != before)
    now = values(shell)
    assert np.array_equal(now.values_L[kept], before.values_L[kept])
    rest = np.ones(len(now), bool)
    rest[kept] = False
    assert not np.isclose(now.values_L[rest], before.values_L[rest]).any()
    assert shell.session.entries[-1].title == title
    assert shell.session.document.anchor == document.anchor, "the exploration goes on"
    assert shell.session.document.seed == document.seed
    shell.session.undo()
    assert values(shell) == before


def test_locked_sliders_hold(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.controller.sliders.lock("shape/0", True)  # along the first number, which is a colour's here
    before = values(shell)
    shell.window.actions_by_id["roll-colours"].trigger()
    qtbot.waitUntil(lambda: values(shell) != before)
    assert values(shell).values_L[0] == pytest.approx(before.values_L[0], abs=1e-5)


def test_a_model_that_mixes_both_cannot(qtbot: QtBot) -> None:
    with studio(qtbot) as made:
        made.wait_until_shown()
        assert not made.window.actions_by_id["roll-colours"].isEnabled()
        assert not made.window.actions_by_id["roll-shape"].isEnabled()
