"""Near copies on the Export page are named before they are written, and credits go with the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.core.credits import HEADING
from lunar_studio.core.latent import Latent
from lunar_studio.core.neighbours import Neighbour, Neighbours
from lunar_studio.core.sprite import Sprite
from lunar_studio.export import formats
from lunar_studio.gui.export.copy_notice import notice
from lunar_studio.gui.export.export_page import ExportPage
from lunar_studio.session.commands import AddBookmark, RemoveBookmark
from lunar_studio.session.document import Bookmark
from lunar_studio.session.history import Session
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.export_service import ExportService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import LATENT_DIM, FakeExplorer, FakeLoader

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


class Knowing(FakeExplorer):
    """Knows one red picture of the art."""

    def likeness(self, sprite: Sprite, count: int = 3) -> Neighbours:
        distance = 0.0 if sprite.rgba_HWC[0, 0, 0] == 200 else 0.7
        return Neighbours((Neighbour("art/red.png", 0, distance),) * count, 0.05)


def bookmark(name: str, red: int, model: str = "0" * 64) -> Bookmark:
    rgba_HWC = np.full((8, 8, 4), 255, np.uint8)
    rgba_HWC[..., 0] = red
    return Bookmark(f"id-{name}", name, Latent(np.zeros(LATENT_DIM)), Sprite(rgba_HWC, name), model=model)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication, session: Session, tmp_path: Path) -> Iterator[ExportPage]:
    host = ThreadHost(qapp)
    explore = ExploreService(host, FakeLoader(Knowing()), qapp)
    with qtbot.waitSignal(explore.loaded):
        explore.load(None)
    session.do(AddBookmark(bookmark("knight", 10)))
    cards = [(one.id, one.title, one.suffix, one.description) for one in formats.FORMATS]
    page = ExportPage(ExportService(host, formats.write), explore, session, cards, tmp_path / "exports")
    qtbot.addWidget(page)
    page.resize(1280, 640)
    page.show()
    yield page
    page.source.release()
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    qtbot.waitUntil(lambda: not page.export_button.text().startswith("Exporting"))
    explore.deleteLater()
    host.deleteLater()


def written(qtbot: QtBot, page: ExportPage, destination: Path) -> tuple[Path, ...]:
    page.destination.setText(str(destination))
    with qtbot.waitSignal(page._export.exported) as answer:
        page.export()
    (paths,) = answer.args or []
    qtbot.waitUntil(page.export_button.isEnabled)
    return tuple(paths)


def test_a_near_copy_is_named_in_words_and_colour_and_can_be_exported(
    qtbot: QtBot, page: ExportPage, session: Session, tmp_path: Path
) -> None:
    assert page.copies.isHidden()
    session.do(AddBookmark(bookmark("dragon", 200)))
    qtbot.waitUntil(page.copies.isVisible)
    assert page.copies.text() == "1 of 2 is a near copy of the training art: dragon. Change it before you publish."
    assert page.copies.property("role") == "bad"
    assert page.copies.accessibleName() == page.copies.text()
    assert "export them all the same" in page.copies.toolTip()
    assert written(qtbot, page, tmp_path / "out.png")


def test_the_notice_goes_with_the_copy(qtbot: QtBot, page: ExportPage, session: Session) -> None:
    session.do(AddBookmark(bookmark("dragon", 200)))
    qtbot.waitUntil(page.copies.isVisible)
    session.do(RemoveBookmark("id-dragon", "dragon"))
    assert page.copies.isHidden()


def test_new_drawings_are_not_talked_about(qtbot: QtBot, page: ExportPage) -> None:
    with qtbot.waitSignal(page._explore.compared):
        pass
    assert page.copies.isHidden()


def test_credits_stand_beside_the_files_unless_unwanted(qtbot: QtBot, page: ExportPage, tmp_path: Path) -> None:
    with_credits = written(qtbot, page, tmp_path / "one.png")
    (credit,) = [path for path in with_credits if path.name == "one-CREDITS.txt"]
    text = credit.read_text(encoding="utf-8")
    assert text.startswith(HEADING)
    assert "another model" not in text
    page.credits.setChecked(False)
    assert not any("CREDITS" in path.name for path in written(qtbot, page, tmp_path / "two.png"))


def test_sprites_of_another_model_are_told_apart(
    qtbot: QtBot, page: ExportPage, session: Session, tmp_path: Path
) -> None:
    session.do(AddBookmark(bookmark("stranger", 20, model="f" * 64)))
    paths = written(qtbot, page, tmp_path / "one.png")
    (credit,) = [path for path in paths if "CREDITS" in path.name]
    assert "1 of the sprites was drawn with another model" in credit.read_text(encoding="utf-8")


def test_many_copies_are_counted() -> None:
    assert notice([], 4) == ""
    assert notice(list("abcde"), 9) == (
        "5 of 9 are near copies of the training art: a, b, c and 2 more. Change them before you publish."
    )
