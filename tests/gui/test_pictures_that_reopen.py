"""A saved picture leads back to its state; a stranger's is opened as a picture and does nothing bad."""

from __future__ import annotations

import shlex
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.project_actions import ProjectActions
from lunar_studio.pixels.files import encode_png, read_sprites
from lunar_studio.session.picture_state import KEYWORD, SpriteState, from_line, to_text
from lunar_studio.session.pixel_commands import PaintPixels
from tests.gui.fakes import LATENT_DIM, SIZE
from tests.gui.shell_studio import ShellStudio, studio
from tests.gui.test_projects import ProjectStudio

RED = (255, 0, 0, 255)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as shell:
        shell.controller.do(PaintPixels(((1, 2), (3, 2)), RED))
        shell.slider("shape/0").setValue(120)
        shell.wait_until_shown()
        yield shell


def state_of(shell: ShellStudio) -> SpriteState:
    """The state of what is shown."""
    state = shell.window.pictures.state()
    assert state is not None
    return state


def shown(shell: ShellStudio) -> Sprite:
    """What is shown."""
    assert shell.controller.current is not None
    return shell.controller.current.sprite


def drop(shell: ShellStudio, path: Path) -> None:
    """Drop a file on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    shell.window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, left, none))


def test_a_saved_picture_leads_back_and_can_be_undone(
    shell: ShellStudio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ProjectStudio(shell, qtbot)
    assert isinstance(made.actions, ProjectActions)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "hero"), ""))
    before, sprite = shell.session.document, shown(shell)
    with qtbot.waitSignal(made.service.picture_saved):
        shell.window.actions_by_id["save-picture"].trigger()
    with Image.open(tmp_path / "hero.png") as picture:
        texts = dict(picture.info)
    assert "AI disclosure" in texts
    assert texts["Seed"] == str(before.seed)
    assert KEYWORD in texts
    assert read_sprites(tmp_path / "hero.png")[0] == sprite
    shell.controller.sliders.lock("shape/0", True)
    shell.controller.do(PaintPixels(((9, 9),), RED))
    shell.slider("shape/1").setValue(-200)
    elsewhere = shell.session.document
    drop(shell, tmp_path / "hero.png")
    shell.wait_until_shown()
    document = shell.session.document
    assert (document.latent, document.anchor, document.edits) == (before.latent, before.anchor, before.edits)
    assert (document.seed, document.prompt) == (before.seed, before.prompt)
    assert shown(shell) == sprite
    assert shell.session.entries[-1].title == "Reopen hero"
    shell.session.undo()
    assert shell.session.document == elsewhere


def test_a_copied_sprite_leads_back_when_it_is_pasted(shell: ShellStudio, qtbot: QtBot) -> None:
    actions = shell.window.actions_by_id
    before = shell.session.document
    actions["copy-sprite"].trigger()
    shell.slider("shape/1").setValue(-200)
    qtbot.waitUntil(actions["paste-sprite"].isEnabled)
    actions["paste-sprite"].trigger()
    assert shell.session.document.latent == before.latent
    assert shell.session.document.edits == before.edits
    QGuiApplication.clipboard().clear()


def test_the_command_line_tells_the_state(shell: ShellStudio) -> None:
    shell.window.actions_by_id["copy-command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:2] == ["lunar-studio", "draw"]
    assert from_line(words[2]) == state_of(shell)
    QGuiApplication.clipboard().clear()


# ---- strangers -------------------------------------------------------------------------------------------


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_body(sprite: Sprite, body: bytes) -> bytes:
    """A picture with an iTXt chunk of that body under our keyword."""
    good = encode_png(sprite)
    return good[:33] + chunk(b"iTXt", KEYWORD.encode() + b"\0" + body) + good[33:]


def hostile(shell: ShellStudio) -> dict[str, bytes]:
    """Pictures whose texts are not to be trusted."""
    sprite, state = shown(shell), state_of(shell)

    def told(changed: SpriteState) -> bytes:
        return encode_png(sprite, {KEYWORD: to_text(changed)})

    text = to_text(state)
    short = Latent([1.0, 2.0])
    return {
        "empty": encode_png(sprite, {KEYWORD: ""}),
        "not JSON": encode_png(sprite, {KEYWORD: "import os"}),
        "deep": encode_png(sprite, {KEYWORD: "[" * 50_000}),
        "truncated": encode_png(sprite, {KEYWORD: text[: len(text) // 2]}),
        "wrong types": encode_png(sprite, {KEYWORD: text.replace('"seed":', '"seed":"x","y":')}),
        "NaN": encode_png(sprite, {KEYWORD: text.replace('"temperature":1.0', '"temperature":NaN')}),
        "huge": with_body(sprite, b"\0\0\0\0" + b"x" * 3_000_000),
        "bomb": with_body(sprite, b"\1\0\0\0" + zlib.compress(bytes(100_000_000), 9)),
        "no zlib": with_body(sprite, b"\1\0\0\0nonsense"),
        "no parts": with_body(sprite, b""),
        "wrong length": told(replace(state, latent=short, anchor=short)),
        "another model": told(replace(state, model="0" * 64)),
        "painted on since": told(replace(state, pixels="0" * 32)),
    }


@pytest.mark.parametrize(
    "case",
    [
        "empty", "not JSON", "deep", "truncated", "wrong types", "NaN", "huge", "bomb", "no zlib", "no parts",
        "wrong length", "another model", "painted on since",
    ],
)  # fmt: skip
def test_a_strangers_picture_is_opened_as_a_picture(
    shell: ShellStudio, qtbot: QtBot, tmp_path: Path, case: str
) -> None:
    file = tmp_path / "stranger.png"
    file.write_bytes(hostile(shell)[case])
    before = shell.session.document.latent
    drop(shell, file)
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    assert shell.session.entries[-1].title == "Open stranger"
    assert "opened as a plain picture" in shell.window.banner.message
    assert shell.window.banner.hint


def test_painted_pixels_outside_of_the_sprite_are_not_seen(shell: ShellStudio, tmp_path: Path) -> None:
    state = state_of(shell)
    outside = Overlay.painted([(SIZE + 5, 0), (4000, 4000)], RED)
    sprite = shown(shell)
    state = replace(state, latent=Latent(np.ones(LATENT_DIM)), edits=state.edits.put(outside), pixels="")
    (tmp_path / "odd.png").write_bytes(encode_png(sprite, {KEYWORD: to_text(state)}))
    drop(shell, tmp_path / "odd.png")
    shell.wait_until_shown()
    assert shell.session.entries[-1].title == "Reopen odd"
    assert (shown(shell).width, shown(shell).height) == (SIZE, SIZE)
