"""The Export page: bookmarks, random sprites or the canvas, a preview to the pixel, real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.export import formats
from lunar_studio.gui import pictures
from lunar_studio.gui.export.export_page import ExportPage
from lunar_studio.gui.export.sheet_view import SheetView, arrange, square_columns
from lunar_studio.gui.export.source_panel import SourcePanel
from lunar_studio.pixels.png_text import read_text
from lunar_studio.session.commands import AddBookmark
from lunar_studio.session.document import Bookmark
from lunar_studio.session.history import Session
from lunar_studio.session.picture_state import KEYWORD, MAX_TEXT_BYTES, from_text, of_bookmark
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.export_service import ExportService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import LATENT_DIM, FakeExplorer, FakeLoader

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

CARDS = [(one.id, one.title, one.suffix, one.description) for one in formats.FORMATS]


class Painter(FakeExplorer):
    """Draws a latent as a little picture that tells it from every other."""

    def decode(self, latent: Latent) -> Sprite:
        pixels = np.random.default_rng(abs(int(latent.values_L[0] * 1e6))).integers(0, 256, (8, 8, 4), np.uint8)
        pixels[..., 3] = 255
        return Sprite(pixels)


def sprite(seed: int, width: int = 8, height: int = 8) -> Sprite:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return Sprite(pixels, f"s{seed}")


def bookmark(seed: int) -> Bookmark:
    return Bookmark(f"id{seed}", f"name {seed}", Latent(np.zeros(LATENT_DIM)), sprite(seed))


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def explore(qtbot: QtBot, qapp: QApplication) -> Iterator[ExploreService]:
    host = ThreadHost(qapp)
    service = ExploreService(host, FakeLoader(Painter()), qapp)
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    yield service
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    service.deleteLater()
    host.deleteLater()


@pytest.fixture
def page(
    qtbot: QtBot, qapp: QApplication, session: Session, explore: ExploreService, tmp_path: Path
) -> Iterator[ExportPage]:
    host = ThreadHost(qapp)
    page = ExportPage(ExportService(host, formats.write), explore, session, CARDS, tmp_path / "exports")
    qtbot.addWidget(page)
    page.resize(1280, 640)
    page.show()
    yield page
    page.source.release()
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    qtbot.waitUntil(lambda: not page._export.is_running)
    host.deleteLater()


def export(qtbot: QtBot, page: ExportPage) -> tuple[Path, ...]:
    with qtbot.waitSignal(page._export.exported) as answer:
        qtbot.mouseClick(page.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page._export.is_running)
    (paths,) = answer.args or []
    return tuple(paths)


def test_without_bookmarks_random_sprites_are_offered_and_exported(qtbot: QtBot, page: ExportPage) -> None:
    assert page.source.choice == "random"
    qtbot.waitUntil(lambda: len(page.source.sprites) == 16)
    assert page.sheet.sheet_size == (32, 32)
    assert page.export_button.text() == "Export 16"
    paths = export(qtbot, page)
    assert {path.suffix for path in paths} == {".png", ".json", ".txt"}
    png = next(path for path in paths if path.suffix == ".png")
    sheet, _ = arrange(page.source.sprites, 4)
    assert sheet is not None
    assert np.array_equal(np.array(Image.open(png).convert("RGBA")), sheet.rgba_HWC), (
        "what was shown is what is written"
    )
    assert png.name in page._files.text()
    assert page.open_button.isVisible()
    assert page.banner.isVisible()


def test_the_same_seed_gives_the_same_sprites(qtbot: QtBot, page: ExportPage) -> None:
    qtbot.waitUntil(lambda: len(page.source.sprites) == 16)
    first = page.source.sprites
    page.source.reroll.click()
    qtbot.waitUntil(lambda: page.source.sprites != first)
    page.source.seed.setValue(0)
    qtbot.waitUntil(lambda: page.source.sprites == first)
    page.source.count.setValue(5)
    qtbot.waitUntil(lambda: page.source.sprites == first[:5])


def test_bookmarks_are_exported_in_order_with_their_names(qtbot: QtBot, page: ExportPage, session: Session) -> None:
    page.source.choose("bookmarks")
    assert not page.export_button.isEnabled()
    for seed in (3, 1, 2):
        session.do(AddBookmark(bookmark(seed)))
    assert [one.name for one in page.source.sprites] == ["name 3", "name 1", "name 2"]
    page.choose_format("png")
    (folder,) = {path.parent for path in export(qtbot, page) if path.suffix == ".png"}
    written = {path.stem: np.array(Image.open(path).convert("RGBA")) for path in folder.glob("*.png")}
    assert len(written) == 3
    assert any(np.array_equal(pixels, sprite(3).rgba_HWC) for pixels in written.values())
    session.undo()
    assert len(page.source.sprites) == 2


def test_the_sprite_on_the_canvas_is_exported(qtbot: QtBot, page: ExportPage, explore: ExploreService) -> None:
    page.source.choose("current")
    assert page.source.sprites == ()
    assert page._stack.currentWidget() is page._empties["current"]
    with qtbot.waitSignal(explore.decoded):
        explore.request_decode(Latent(np.full(LATENT_DIM, 0.5)))
    assert len(page.source.sprites) == 1
    assert page._caption.text() == "1 sprite · 8 × 8 px"


def test_a_page_that_is_opened_late_has_the_sprite_on_the_canvas(
    qtbot: QtBot, session: Session, explore: ExploreService
) -> None:
    with qtbot.waitSignal(explore.decoded) as told:
        explore.request_decode(Latent(np.full(LATENT_DIM, 0.5)))
    panel = SourcePanel(session, explore)
    qtbot.addWidget(panel)
    panel.choose("current")
    assert told.args is not None
    assert panel.sprites == (told.args[0].sprite,)
    with qtbot.waitSignal(explore.loaded):
        explore.load(None)
    assert explore.latest is None, "another model has drawn nothing yet"
    panel.release()


def test_the_shelf_of_an_empty_page_leads_to_explore(qtbot: QtBot, page: ExportPage) -> None:
    asked = QSignalSpy(page.explore_requested)
    page.source.choose("bookmarks")
    button = page._empties["bookmarks"].button
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.count() == 1


def test_formats_change_the_name_at_the_destination(page: ExportPage, tmp_path: Path) -> None:
    assert page.destination.text() == str(tmp_path / "exports" / "sprites.png")
    page.cards["gif"].clicked.emit()
    assert page.format_id == "gif"
    assert page.destination.text().endswith("sprites.gif")
    page.choose_format("png")
    assert page.destination.text().endswith("sprites")
    page.choose_format("sheet")
    assert page.destination.text().endswith("sprites.png")


def test_columns_shape_preview_and_file(qtbot: QtBot, page: ExportPage) -> None:
    qtbot.waitUntil(lambda: len(page.source.sprites) == 16)
    page.columns.setValue(8)
    assert page.sheet.sheet_size == (64, 16)
    png = next(path for path in export(qtbot, page) if path.suffix == ".png")
    with Image.open(png) as written:
        assert written.size == (64, 16)


def test_a_place_that_cannot_be_written_is_told(qtbot: QtBot, page: ExportPage, tmp_path: Path) -> None:
    qtbot.waitUntil(lambda: bool(page.source.sprites))
    (tmp_path / "a file").write_text("not a folder")
    page.destination.setText(str(tmp_path / "a file" / "sheet.png"))
    page.export()
    qtbot.waitUntil(lambda: not page._export.is_running)
    assert page.banner.isVisible()
    assert page.banner.hint
    page.destination.setText("   ")
    assert not page.export_button.isEnabled()


def test_the_page_fits_the_smallest_window(qtbot: QtBot, page: ExportPage) -> None:
    qtbot.waitUntil(lambda: bool(page.source.sprites))
    assert page.minimumSizeHint().width() <= 1280
    assert page.minimumSizeHint().height() <= 640


# ---- the sheet ------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=12), st.integers(1, 15))
def test_every_sprite_stands_whole_in_its_rectangle(sizes: list[tuple[int, int]], columns: int) -> None:
    sprites = [sprite(seed, width, height) for seed, (width, height) in enumerate(sizes)]
    sheet, rects = arrange(sprites, columns)
    assert (sheet is None) == (not sprites)
    assert len(rects) == len(sprites)
    taken = np.zeros((0, 0), bool) if sheet is None else np.zeros((sheet.height, sheet.width), bool)
    for one, rect in zip(sprites, rects, strict=True):
        assert sheet is not None
        area = (slice(rect.y, rect.y + rect.height), slice(rect.x, rect.x + rect.width))
        assert np.array_equal(sheet.rgba_HWC[area], one.rgba_HWC)
        assert not taken[area].any()
        taken[area] = True


@given(st.integers(0, 2000))
def test_square_is_square(count: int) -> None:
    columns = square_columns(count)
    assert columns >= 1
    assert columns**2 >= count
    assert (columns - 1) ** 2 < max(count, 1)


def test_the_preview_is_exact_and_finds_frames(qtbot: QtBot) -> None:
    view = SheetView()
    qtbot.addWidget(view)
    view.resize(100, 60)
    view.shows_frames = False
    sprites = [sprite(seed) for seed in range(6)]
    view.show_sprites(sprites, 3)
    area, zoom = view.target()
    assert zoom == 3.0
    shown = pictures.to_sprite(view.grab().toImage()).rgba_HWC
    sheet, _ = arrange(sprites, 3)
    assert sheet is not None
    enlarged = sheet.rgba_HWC.repeat(3, axis=0).repeat(3, axis=1)
    assert np.array_equal(shown[area.y() : area.y() + 48, area.x() : area.x() + 72, :3], enlarged[..., :3])
    assert view.frame_at(QPoint(area.x() + 25, area.y() + 25)) == 4
    assert view.frame_at(QPoint(0, 0)) == -1
    view.show_sprites([], 3)
    assert view.frame_at(QPoint(50, 30)) == -1
    assert not view.grab().isNull()


def test_a_huge_sheet_is_shown_smaller_not_blurred(qtbot: QtBot) -> None:
    view = SheetView()
    qtbot.addWidget(view)
    view.resize(100, 100)
    view.show_sprites([sprite(1, 300, 300)], 1)
    _, zoom = view.target()
    assert zoom == pytest.approx(1 / 3)


def test_single_pictures_carry_the_way_back_each_its_own(qtbot: QtBot, page: ExportPage, session: Session) -> None:
    for seed in (1, 2):
        session.do(AddBookmark(bookmark(seed)))
    page.source.choose("bookmarks")
    page.choose_format("png")
    pictures_only = [path for path in export(qtbot, page) if path.suffix == ".png"]
    for path, kept in zip(sorted(pictures_only), session.document.bookmarks, strict=True):
        text = read_text(path.read_bytes(), KEYWORD, limit=MAX_TEXT_BYTES)
        assert text is not None
        assert from_text(text) == of_bookmark(kept, "")
    page.source.choose("random")
    qtbot.waitUntil(lambda: len(page.source.sprites) == 16)
    states = [from_text(texts[KEYWORD]) for texts in page.source.own_texts]
    assert [state.pixels for state in states] == [one.digest for one in page.source.sprites]
    assert {state.model_name for state in states} == {"fake"}


def test_the_keyboard_stays_at_the_button_that_exports(qtbot: QtBot, page: ExportPage) -> None:
    qtbot.waitUntil(page.export_button.isEnabled)
    page.activateWindow()
    page.export_button.setFocus()
    qtbot.waitUntil(page.export_button.hasFocus)
    with qtbot.waitSignal(page._export.exported):
        qtbot.keyClick(page.export_button, Qt.Key.Key_Space)
        assert page.export_button.text() == "Exporting…"
        qtbot.keyClick(page.export_button, Qt.Key.Key_Space)  # once more is not twice
    assert page.export_button.hasFocus()
    qtbot.waitUntil(lambda: not page._export.is_running)
