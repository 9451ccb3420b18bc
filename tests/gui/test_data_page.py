"""The Data page on real folders: thumbnails, problems, building, and thousands of files of which few are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.data.data_page import DataPage
from lunar_studio.gui.data.problems_panel import figures_words, short_reason, title_words
from lunar_studio.gui.data.slicer_dialog import SlicerDialog
from lunar_studio.gui.data.slicer_view import Handle
from lunar_studio.gui.data.thumb_model import IMAGE_ROLE, MAX_IMAGES, ThumbGrid, ThumbModel, verdict_words
from lunar_studio.pixels.slicing import SliceSpec
from lunar_studio.workers.data_service import FileVerdict, Report, Sheet, Statistics
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.pixels.drawn import blob, texture

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "art"
    folder.mkdir()
    for index in range(10):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 4), np.uint8)
        pixels[..., 3] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "twice.png").write_bytes((folder / "3.png").read_bytes())
    return folder


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Iterator[DataPage]:
    host = ThreadHost(qapp)
    page = DataPage(host, paths.datasets_dir())
    qtbot.addWidget(page)
    page.resize(1280, 640)
    page.show()
    yield page
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def look_through(qtbot: QtBot, page: DataPage, source: Path) -> Report:
    page.set_source(source)
    qtbot.waitUntil(lambda: page.report is not None and not page._data.is_running)
    assert page.report is not None
    return page.report


def test_art_is_shown_with_its_exact_pixels_and_problems(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    model = page.model
    assert model.rowCount() == 12

    def image(name: str) -> object:
        return model.index(model.row_of(name)).data(IMAGE_ROLE)

    qtbot.waitUntil(lambda: isinstance(image("7.png"), QImage))
    shown = image("7.png")
    assert isinstance(shown, QImage)
    original = np.array(Image.open(art / "7.png"))
    for x, y in ((0, 0), (15, 3), (8, 15)):
        colour = shown.pixelColor(x, y)
        assert [colour.red(), colour.green(), colour.blue(), colour.alpha()] == original[y, x].tolist()
    problems = page.problems.model
    kinds = [str(problems.index(row).data()) for row in range(problems.rowCount())]
    assert kinds == ["broken.png", "twice.png"]
    assert "10 sprites in 12 files: 1 refused, 1 twice" in page.problems.figures.text()


def test_a_problem_leads_to_its_file(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    page.problems.view.setCurrentIndex(page.problems.model.index(1))
    assert page.grid.currentIndex().data() == "twice.png"


def test_findings_come_with_pictures_and_a_mended_copy(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(page.doctor.cards), timeout=PATIENCE_MS)
    kinds = {card.finding.kind.id: card for card in page.doctor.cards}
    assert {"refused", "duplicate"} <= set(kinds)
    refused = kinds["refused"].fix
    assert refused is not None
    assert refused.isChecked()
    refused.setChecked(False)
    assert page.doctor.fixes == {"duplicate"}
    refused.setChecked(True)
    with qtbot.waitSignal(page._data.mended, timeout=PATIENCE_MS):
        qtbot.mouseClick(page.doctor.mend_button, Qt.MouseButton.LeftButton)
    assert page.source == art.parent / "art mended"
    assert sorted(path.name for path in page.source.iterdir()) == [
        *(f"{index}.png" for index in range(10)),
        "mended.json",
    ]
    assert (art / "broken.png").exists()
    assert "untouched" in page.banner.hint
    qtbot.waitUntil(lambda: page.diagnosis is not None, timeout=PATIENCE_MS)
    assert not any(card.fix for card in page.doctor.cards)
    assert not page.doctor.mend_button.isVisible()


def test_a_finding_leads_to_its_file(qtbot: QtBot, page: DataPage, art: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[3, 4] = 255
    Image.fromarray(pixels).save(art / "dot.png")
    look_through(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(page.doctor.cards), timeout=PATIENCE_MS)
    card = next(card for card in page.doctor.cards if card.finding.kind.id == "near-empty")
    assert card.finding.examples[0].sprite.rgba_HWC[3, 4].tolist() == [255] * 4
    card._on_title()
    assert page.grid.currentIndex().data() == "dot.png"


def test_what_is_harmless_is_never_called_a_problem() -> None:
    assert title_words(0, 0) == "Files"
    assert title_words(0, 12) == "12 notes"
    assert title_words(1, 1) == "1 problem, 1 note"


def test_captions_are_kept_and_come_back(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    page.grid.setCurrentIndex(page.model.index(page.model.row_of("3.png")))
    page.words.caption.setText("a noisy square")
    page.words.caption.editingFinished.emit()
    page.words.author.setText("Ada")
    page.words.licence.setText("CC0")
    page.words.licence.editingFinished.emit()
    page.build_dataset()
    qtbot.waitUntil(lambda: page.train_button.isVisible() and not page._data.is_running, timeout=PATIENCE_MS)
    dataset = next(path for path in paths.datasets_dir().iterdir() if path.is_dir())
    assert '"caption":"a noisy square"' in (dataset / "index.jsonl").read_text()
    assert '"author": "Ada"' in (dataset / "dataset.json").read_text()
    page.words.tags.setText("grey, loud, grey")
    page.words.tags.editingFinished.emit()
    assert page.build_button.isVisible(), "other words are another set"
    look_through(qtbot, page, art)
    assert page.words.caption.text() == ""
    assert not page.words.caption.isEnabled()
    page.grid.setCurrentIndex(page.model.index(page.model.row_of("3.png")))
    assert page.words.caption.text() == "a noisy square"
    assert page.words.tags.text() == "grey, loud"
    page.grid.setCurrentIndex(page.model.index(page.model.row_of("4.png")))
    assert (page.words.caption.text(), page.words.author.text()) == ("", "Ada")
    assert sorted(path.name for path in art.iterdir() if path.suffix != ".png") == []


def test_a_sheet_is_cut_by_hand(qtbot: QtBot, page: DataPage, art: Path) -> None:
    cells = [blob(seed, 16).rgba_HWC for seed in range(8)]
    Image.fromarray(np.vstack([np.hstack(cells[:4]), np.hstack(cells[4:])])).save(art / "sheet.png")
    before = look_through(qtbot, page, art).sprites
    page.grid.setCurrentIndex(page.model.index(page.model.row_of("sheet.png")))
    qtbot.mouseClick(page.words.cut_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.slicer is not None, timeout=PATIENCE_MS)
    slicer = page.slicer
    assert slicer is not None
    assert slicer.cut == SliceSpec(16, 16)
    assert "8 sprites" in slicer.words.text()
    slicer._on_accepted()
    qtbot.waitUntil(lambda: page.report is not None and not page._data.is_running, timeout=PATIENCE_MS)
    assert page.report is not None
    assert page.report.sprites == before + 7


def test_a_sheet_chosen_by_itself_is_shown_with_its_cut_and_a_sprite_is_not(
    qtbot: QtBot, page: DataPage, tmp_path: Path
) -> None:
    cells = [texture(number, 16).rgba_HWC for number in range(6)]
    Image.fromarray(cells[0]).save(tmp_path / "sprite.png")
    page.set_source(tmp_path / "sprite.png")
    qtbot.waitUntil(lambda: page.report is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not page._data.is_running, timeout=PATIENCE_MS)
    assert page.slicer is None
    assert page._status.text == "1 picture, 1 sprite, mostly 16 px"
    gap = np.zeros((16, 2, 4), np.uint8)
    rows = [np.hstack([np.hstack([cell, gap]) for cell in some]) for some in (cells, cells[::-1])]
    Image.fromarray(np.vstack([rows[0], np.zeros_like(rows[0][:2]), rows[1]])).save(tmp_path / "sheet.png")
    page.set_source(tmp_path / "sheet.png")
    qtbot.waitUntil(lambda: page.slicer is not None, timeout=PATIENCE_MS)
    assert page.slicer is not None
    page.slicer.reject()


@pytest.fixture
def slicer(qtbot: QtBot) -> SlicerDialog:
    cells = [blob(seed, 16).rgba_HWC for seed in range(6)]
    picture = Sprite(np.vstack([np.hstack(cells[:3]), np.hstack(cells[3:])]), "sheet")
    dialog = SlicerDialog(Sheet("sheet.png", picture, SliceSpec(16, 16)))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def drag(qtbot: QtBot, slicer: SlicerDialog, handle: Handle, across: int, down: int) -> None:
    view = slicer.view
    # Not the very corner: QTest takes (0, 0) for “the middle”.
    start = view.place_of(handle) + QPointF(1, 1)
    end = start + QPointF(across * view.zoom, down * view.zoom)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start.toPoint())
    qtbot.mouseMove(view, (start + (end - start) / 2).toPoint())
    qtbot.mouseMove(view, end.toPoint())
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end.toPoint())


def test_handles_drag_the_cut_and_every_drag_is_one_step(qtbot: QtBot, slicer: SlicerDialog) -> None:
    drag(qtbot, slicer, "size", 8, -4)
    assert slicer.cut == SliceSpec(24, 12)
    assert slicer.fields["width"].value() == 24
    drag(qtbot, slicer, "margin", 2, 3)
    assert slicer.cut == SliceSpec(24, 12, 2, 3)
    drag(qtbot, slicer, "spacing-x", 1, 5)
    drag(qtbot, slicer, "spacing-y", 5, 2)
    assert slicer.cut == SliceSpec(24, 12, 2, 3, 1, 2)
    for _ in range(4):
        slicer.undo()
    assert slicer.cut == SliceSpec(16, 16)
    assert not slicer.undo_button.isEnabled()
    slicer.redo()
    assert slicer.cut == SliceSpec(24, 12)
    slicer.fields["margin_x"].setValue(1)
    assert slicer.cut == SliceSpec(24, 12, 1)
    assert not slicer.redo_button.isEnabled()


def test_a_cut_that_loses_something_is_told_and_cannot_be_used(slicer: SlicerDialog) -> None:
    slicer.fields["width"].setValue(20)
    assert "cannot be cut" in slicer.words.text()
    assert not slicer._buttons.buttons()[0].isEnabled()
    slicer._on_find()
    assert slicer._buttons.buttons()[0].isEnabled()
    chosen = QSignalSpy(slicer.chosen)
    slicer._on_whole()
    slicer._on_accepted()
    assert chosen.at(0) == ["sheet.png", ""]


def test_a_hand_cannot_drag_a_cut_out_of_the_sheet(qtbot: QtBot, slicer: SlicerDialog) -> None:
    handles: tuple[Handle, ...] = ("size", "margin", "spacing-x", "spacing-y")
    for handle in handles:
        for far in (-400, 400):
            drag(qtbot, slicer, handle, far, far)
            cut = slicer.cut
            assert min(cut.width, cut.height) >= 1
            assert min(cut.margin_x, cut.margin_y, cut.spacing_x, cut.spacing_y) >= 0
            assert slicer.grab().width() > 0


def test_a_set_is_built_and_sent_to_training(qtbot: QtBot, page: DataPage, art: Path) -> None:
    asked = QSignalSpy(page.train_requested)
    look_through(qtbot, page, art)
    page.size_box.setCurrentText("32 px")
    qtbot.mouseClick(page.build_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.train_button.isVisible() and not page._data.is_running)
    assert "10 sprites of 32 px" in page.banner.message
    qtbot.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
    path = asked.at(0)[0]
    assert (path / "dataset.json").is_file()
    assert path.parent == paths.datasets_dir()
    page.size_box.setCurrentText("16 px")
    assert page.build_button.isVisible(), "another size is another set"


def test_cancel_builds_nothing(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    page.build_dataset()
    assert page.cancel_button.isVisible()
    page.cancel_button.click()
    qtbot.waitUntil(lambda: not page._data.is_running)
    assert not page.train_button.isVisible()
    assert not page.cancel_button.isVisible()
    assert page.build_button.isEnabled()


def test_a_source_that_is_not_there_is_told(qtbot: QtBot, page: DataPage, tmp_path: Path) -> None:
    page.set_source(tmp_path / "nowhere")
    qtbot.waitUntil(page.banner.isVisible)
    assert "not there" in page.banner.message
    assert not page.build_button.isEnabled()


def test_a_folder_without_art_teaches(qtbot: QtBot, page: DataPage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    look_through(qtbot, page, tmp_path / "empty")
    assert not page.build_button.isEnabled()
    assert "There are no pictures in it." in page._status.text


def test_art_can_be_dropped(qtbot: QtBot, page: DataPage, art: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(art))])
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(drop)
    assert page.source == art
    qtbot.waitUntil(lambda: page.report is not None and not page._data.is_running)


def test_the_page_fits_the_smallest_window(qtbot: QtBot, page: DataPage, art: Path) -> None:
    look_through(qtbot, page, art)
    assert page.minimumSizeHint().width() <= 1280
    assert page.minimumSizeHint().height() <= 640
    assert page.grid.mapTo(page, QPoint(0, 0)).x() >= 0


# ---- the grid -------------------------------------------------------------------------------------


def verdicts(count: int) -> tuple[FileVerdict, ...]:
    return tuple(FileVerdict(f"folder/{index:05d}.png", "ok", width=32, height=32, frames=1) for index in range(count))


class CountingModel(ThumbModel):
    """Counts what it is asked, and for which rows."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        self.asked.append(index.row())
        return super().data(index, role)


def drawn_anew(grid: ThumbGrid, model: CountingModel) -> int:
    """How many rows one frame looks at."""
    model.asked.clear()
    grid.grab()
    return len(set(model.asked))


def test_a_frame_of_5000_files_looks_at_those_in_sight_only(qtbot: QtBot) -> None:
    model = CountingModel()
    grid = ThumbGrid(model)
    qtbot.addWidget(grid)
    grid.resize(900, 500)
    grid.show()
    model.set_verdicts(verdicts(5000))
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 10_000)
    sprite = Sprite(np.full((32, 32, 4), 200, np.uint8))
    for place in range(0, grid.verticalScrollBar().maximum(), grid.verticalScrollBar().maximum() // 20):
        grid.verticalScrollBar().setValue(place)
        first, last = grid.rows_in_sight()
        model.add(dict.fromkeys(model.missing(first, last), sprite))
        qtbot.waitUntil(lambda: drawn_anew(grid, model) > 40)  # the view lays its rows out in portions
        assert len(set(model.asked)) < 150
        assert set(model.asked) <= set(range(first, last + 1))
        assert len(model.asked) < 5 * len(set(model.asked))


def test_only_what_is_in_sight_is_asked_for(qtbot: QtBot) -> None:
    model = ThumbModel()
    grid = ThumbGrid(model)
    qtbot.addWidget(grid)
    grid.resize(720 + 20, 720)
    grid.show()
    assert grid.rows_in_sight() == (0, -1)
    model.set_verdicts(verdicts(5000))
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 10_000)
    first, last = grid.rows_in_sight()
    assert first == 0
    assert 100 <= last < 400
    grid.verticalScrollBar().setValue(72 * 100)
    first, last = grid.rows_in_sight()
    shown = grid.indexAt(QPoint(20, 20)).row()
    assert first <= shown <= first + 20
    assert last < first + 400


def test_pictures_unseen_for_longest_are_forgotten() -> None:
    model = ThumbModel()
    model.set_verdicts(verdicts(MAX_IMAGES + 100))
    sprite = Sprite(np.full((1, 1, 4), 200, np.uint8))
    names = [f"folder/{index:05d}.png" for index in range(MAX_IMAGES + 100)]
    model.add(dict.fromkeys(names[:MAX_IMAGES], sprite))
    assert model.missing(0, 9) == []
    model.add(dict.fromkeys(names[MAX_IMAGES:], sprite))
    assert model.missing(0, 9) == [], "looked at a moment ago"
    assert model.missing(10, 11) == names[10:12]


def test_refused_files_are_never_asked_for() -> None:
    model = ThumbModel()
    model.set_verdicts((FileVerdict("a.png", "refused", "it is broken"), *verdicts(1)))
    assert model.missing(0, 5) == ["folder/00000.png"]


def test_words_for_files() -> None:
    refused = FileVerdict("a.png", "refused", "“a.png” cannot be used: the file is cut short.")
    assert short_reason(refused) == "the file is cut short."
    twice = FileVerdict("b.png", "duplicate", duplicate_of="a.png", width=16, height=8, frames=3, colours=4)
    assert short_reason(twice) == "same as a.png"
    assert verdict_words(twice) == "b.png\n16 × 8 px, 4 colours, 3 frames\nThe same pixels as a.png."


def test_figures_are_those_of_the_report() -> None:
    sizes = {f"{side}x{side}": 10 - side for side in range(1, 7)}
    stats = Statistics(sizes, {"hard": 5, "soft": 2}, 7, 31, phantom_files=3, upscaled_files=1)
    report = Report("art", (FileVerdict("a.png", "skipped", "left out"),), stats, sprites=21, size=1)
    words = figures_words(report)
    assert "21 sprites in 1 file: 1 left out" in words
    assert "1 × 1 (9), 2 × 2 (8), 3 × 3 (7), 4 × 4 (6) and 2 more" in words
    assert "7 in the middle, 31 at most" in words
    assert "Enlarged art: 1" in words
    assert "Colour under transparency: 3" in words
