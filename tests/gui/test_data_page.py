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
from lunar_studio.gui.data.problems_panel import figures_words, short_reason
from lunar_studio.gui.data.thumb_model import IMAGE_ROLE, MAX_IMAGES, ThumbGrid, ThumbModel, verdict_words
from lunar_studio.workers.data_service import FileVerdict, Report, Statistics
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS

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
    assert "none of them can be used" in page._status.text


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
    assert "21 sprites in 1 files: 1 left out" in words
    assert "1 × 1 (9), 2 × 2 (8), 3 × 3 (7), 4 × 4 (6) and 2 more" in words
    assert "7 in the middle, 31 at most" in words
    assert "Enlarged art: 1" in words
    assert "Colour under transparency: 3" in words
