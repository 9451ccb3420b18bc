"""The window: shortcuts, messages, drops, clipboard, layout, themes, empty states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, status_line, theme
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.main_window import MainWindow
from lunar_studio.gui.preferences import Preferences
from lunar_studio.session.actions import ACTIONS
from tests.gui.fakes import LATENT_DIM, SIZE, draw
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.window.activateWindow()
        made.window.explore.canvas.setFocus()
        yield made


def drop(window: MainWindow, *files: Path) -> None:
    """Drag files over the window and let go; Qt delivers such events only from a real drag."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), Qt.DropAction.CopyAction, data, left, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, data, left, none))


# ---- keys ----------------------------------------------------------------------------------------------


def test_keys_do_what_the_table_says(shell: ShellStudio, qtbot: QtBot) -> None:
    window, canvas = shell.window, shell.window.explore.canvas
    qtbot.keyClick(window, Qt.Key.Key_K)
    assert len(shell.session.document.bookmarks) == 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not shell.session.document.bookmarks
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert len(shell.session.document.bookmarks) == 1
    qtbot.keyClick(window, Qt.Key.Key_3)
    assert canvas.zoom == 3
    qtbot.keyClick(window, Qt.Key.Key_0)
    assert canvas.fits
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.pixel_grid
    qtbot.keyClick(window, Qt.Key.Key_X)
    assert canvas.shows_before
    before = shell.session.document.latent
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: shell.session.document.latent != before)


def test_space_presses_the_button_that_has_the_keyboard(shell: ShellStudio, qtbot: QtBot) -> None:
    header = shell.window.explore.latents.section("shape").header
    header.setFocus()
    before = shell.session.document.latent
    qtbot.keyClick(header, Qt.Key.Key_Space)
    assert not header.isChecked()
    qtbot.wait(100)
    assert shell.session.document.latent == before


def test_typing_words_triggers_no_shortcut(shell: ShellStudio, qtbot: QtBot) -> None:
    words = shell.window.explore.roll_bar.words
    words.setFocus()
    qtbot.keyClicks(words, "blue bxg 123")
    assert words.text() == "blue bxg 123"
    assert not shell.session.document.bookmarks


def test_no_two_actions_share_a_key(shell: ShellStudio) -> None:
    keys = [shell.window.actions_by_id[entry.id].shortcut().toString() for entry in ACTIONS if entry.shortcut]
    assert len(set(keys)) == len(keys)
    assert "" not in keys


def test_without_a_model_only_what_makes_sense_is_enabled(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as shell:
        actions = shell.window.actions_by_id
        assert actions["open-model"].isEnabled()
        for action_id in ("re-roll", "bookmark", "undo", "copy-sprite", "zoom-3", "train-stop"):
            assert not actions[action_id].isEnabled(), action_id
        assert not shell.window.explore.roll_bar.random.isEnabled()
        empty = shell.window.explore._empty
        assert empty.isVisible()
        assert empty.button is not None
        assert empty.button.isEnabled()


# ---- messages --------------------------------------------------------------------------------------------


def test_a_bad_model_is_said_and_the_old_one_stays(shell: ShellStudio, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.service.load_failed):
        shell.window.open_model(Path("/nowhere/evil.safetensors"))
    assert shell.window.banner.isVisible()
    assert "evil.safetensors is not a model" in shell.window.banner.message
    assert shell.window.banner.hint
    assert shell.controller.model is not None
    before = shell.session.document.latent
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    shell.window.banner.dismiss()
    assert not shell.window.banner.isVisible()


def test_a_model_that_opens_takes_the_words_about_a_bad_one_away(shell: ShellStudio, qtbot: QtBot) -> None:
    def open_one(path: Path | None) -> None:
        with qtbot.waitSignal(shell.service.load_failed if path else shell.window.explore.presented):
            shell.window.open_model(path)

    open_one(Path("/nowhere/evil.safetensors"))
    assert shell.window.banner.isVisible()
    open_one(None)
    assert not shell.window.banner.isVisible()
    open_one(Path("/nowhere/evil.safetensors"))
    shell.window.show_notice("Something else.")
    open_one(None)
    assert shell.window.banner.message == "Something else."
    assert shell.window.banner.isVisible()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n" + b"\xff" * 200, b"GIF89a" + b"\x00" * 50, b"<svg onload='x'/>", b"\x00" * 5000],
)
def test_a_hostile_picture_dropped_shows_a_banner(shell: ShellStudio, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sprite.png"
    file.write_bytes(content)
    before = shell.session.document
    drop(shell.window, file)
    assert shell.window.banner.isVisible()
    assert "sprite.png" in shell.window.banner.message
    assert shell.session.document == before


def test_a_folder_and_a_missing_file_dropped_show_a_banner(shell: ShellStudio, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.png"):
        shell.window.banner.dismiss()
        drop(shell.window, path)
        assert shell.window.banner.isVisible()


def test_a_handler_that_breaks_is_reported_and_the_window_lives(shell: ShellStudio, qtbot: QtBot) -> None:
    def broken() -> None:
        raise ZeroDivisionError("ours")

    with qtbot.waitSignal(shell.window.runner.crashed) as crash:
        assert not shell.window.runner.run("Break", broken)
    assert crash.args is not None
    assert "ZeroDivisionError: ours" in crash.args[0].summary
    assert shell.window.isVisible()


def drop_data(window: MainWindow, data: QMimeData) -> None:
    """Let go of what no file is."""
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, data, left, none))


def test_a_folder_dropped_is_sent_to_the_data_page(shell: ShellStudio, tmp_path: Path) -> None:
    drop(shell.window, tmp_path)
    assert "Data page" in shell.window.banner.hint


def test_an_address_dropped_says_what_could_be_dropped(shell: ShellStudio) -> None:
    data, before = QMimeData(), shell.session.document
    data.setUrls([QUrl("https://example.com/sprite.png")])
    drop_data(shell.window, data)
    assert shell.window.banner.message == "Nothing that can be opened was dropped here."
    assert shell.session.document == before


def test_the_next_picture_takes_the_words_about_the_last_away(shell: ShellStudio, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    drop(shell.window, tmp_path / "bad.png")
    assert shell.window.banner.isVisible()
    assert pictures.to_image(Sprite(draw([0.0] * LATENT_DIM))).save(str(tmp_path / "good.png"))
    drop(shell.window, tmp_path / "good.png")
    assert not shell.window.banner.isVisible()


def test_of_several_files_the_first_is_opened_and_that_is_said(
    shell: ShellStudio, qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        assert pictures.to_image(Sprite(draw([0.0] * LATENT_DIM))).save(str(tmp_path / f"{name}.png"))
    drop(shell.window, tmp_path / "one.png", tmp_path / "two.png")
    qtbot.waitUntil(lambda: [entry.title for entry in shell.session.entries] == ["Open one"])
    assert shell.window.status.state == "Only the first was opened: 2 files were dropped"


def test_what_is_said_passes_and_the_state_stays(
    shell: ShellStudio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_line, "_SAID_MS", 30)
    status = shell.window.status
    status.show_state("Opening the model…")
    status.say("Copied")
    assert status.state == "Copied"
    qtbot.waitUntil(lambda: status.state == "Opening the model…")
    status.say("Copied")
    status.show_state("Ready")
    qtbot.wait(60)
    assert status.state == "Ready"


# ---- sprites in and out ----------------------------------------------------------------------------------


def test_a_picture_dragged_from_a_browser_becomes_the_sprite(shell: ShellStudio, qtbot: QtBot) -> None:
    data, before = QMimeData(), shell.session.document.latent
    data.setUrls([QUrl("https://example.com/sprite.png")])
    data.setImageData(pictures.to_image(Sprite(draw([0.5] * LATENT_DIM))))
    drop_data(shell.window, data)
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    assert shell.session.entries[-1].title == "Open dropped sprite"


def test_a_dropped_png_becomes_the_sprite(shell: ShellStudio, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "knight.png"
    pixels = np.zeros((20, 12, 4), np.uint8)
    pixels[4:16, 3:9] = (200, 40, 90, 255)
    image = QImage(pixels.tobytes(), 12, 20, 48, QImage.Format.Format_RGBA8888)
    assert image.save(str(file))
    before = shell.session.document.latent
    drop(shell.window, file)
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    assert shell.session.entries[-1].title == "Open knight"
    assert "Fitted" in shell.window.explore.own_bar.fitted
    shell.session.undo()
    assert shell.session.document.latent == before


def test_copy_and_paste_keep_every_pixel(shell: ShellStudio, qtbot: QtBot) -> None:
    current = shell.controller.current
    assert current is not None
    shell.window.actions_by_id["copy-sprite"].trigger()
    copied = pictures.to_sprite(QGuiApplication.clipboard().image())
    assert copied.cleaned() == current.sprite.cleaned()
    QGuiApplication.clipboard().setImage(pictures.to_image(copied))  # as another program would hand it back
    qtbot.waitUntil(shell.window.actions_by_id["paste-sprite"].isEnabled)
    shell.window.actions_by_id["paste-sprite"].trigger()
    qtbot.waitUntil(lambda: shell.session.can_undo)
    assert shell.session.entries[-1].title == "Open pasted sprite"
    QGuiApplication.clipboard().clear()


def test_a_picture_too_large_for_a_sprite_is_refused(shell: ShellStudio) -> None:
    QGuiApplication.clipboard().setImage(QImage(3000, 10, QImage.Format.Format_RGBA8888))
    shell.window.runner.run("Paste", shell.window.pictures.paste)
    assert "3000 × 10" in shell.window.banner.message
    QGuiApplication.clipboard().clear()


def test_pictures_survive_the_way_to_qt_and_back() -> None:
    sprite = Sprite(draw([0.3] * 24))
    assert pictures.to_sprite(pictures.to_image(sprite)) == sprite
    assert sprite.width == SIZE


# ---- layout ----------------------------------------------------------------------------------------------


def test_nothing_is_clipped_at_1280_by_720(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.resize(1280, 720)
    qtbot.wait(50)
    assert (shell.window.width(), shell.window.height()) == (1280, 720)
    for widget in shell.window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton):
            continue
        if isinstance(widget, QLabel) and (widget.wordWrap() or not widget.text()):
            continue
        where = f"{type(widget).__name__} {widget.objectName()} {widget.text()!r}"
        assert widget.width() >= widget.minimumSizeHint().width() or widget.width() >= widget.sizeHint().width(), where
        bottom_right = widget.mapTo(shell.window, QPoint(widget.width(), widget.height()))
        if not _in_a_scroll_area(widget):
            assert bottom_right.x() <= shell.window.width(), where
            assert bottom_right.y() <= shell.window.height(), where


def _in_a_scroll_area(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if parent.objectName() == "qt_scrollarea_viewport":
            return True
        parent = parent.parentWidget()
    return False


def test_sliders_and_canvas_have_room_at_1280_by_720(shell: ShellStudio) -> None:
    assert shell.window.explore.canvas.zoom >= 10
    visible = [s for s in shell.window.findChildren(LatentSlider) if not s.visibleRegion().isEmpty()]
    assert len(visible) >= 10


def test_panels_hide_and_come_back_with_the_layout(shell: ShellStudio, qtbot: QtBot) -> None:
    window = shell.window
    wide = window.explore.canvas.width()
    for name in ("shelf", "strip", "sliders"):
        qtbot.mouseClick(window.status.panel_buttons[name], Qt.MouseButton.LeftButton)
        assert not window.explore.is_panel_visible(name)
    qtbot.waitUntil(lambda: window.explore.canvas.width() > wide + 400)
    window.actions_by_id["reset-layout"].trigger()
    for name in ("shelf", "strip", "sliders"):
        assert window.explore.is_panel_visible(name)
        assert window.status.panel_buttons[name].isChecked()


def test_the_layout_is_remembered(qtbot: QtBot) -> None:
    with studio(qtbot) as first:
        first.window.explore.set_panel_visible("strip", False)
        first.window.open_page("data")
    kept = Preferences(paths.settings_file())
    assert kept.values.text("window.page") == "data"
    with studio(qtbot, model=False) as second:
        assert not second.window.explore.is_panel_visible("strip")
        assert second.window.page == "data"


@pytest.mark.parametrize("state", ["", ";", ";;;", "a;b;c;d", "é;!;?;shelf", "AAAA;AAAA;AAAA;nobody"])
def test_a_layout_that_makes_no_sense_is_ignored(shell: ShellStudio, state: str) -> None:
    shell.window.explore.restore_layout(state)
    assert shell.window.explore.canvas.width() > 100


def test_a_damaged_settings_file_is_said_and_the_studio_opens(qtbot: QtBot) -> None:
    paths.settings_file().parent.mkdir(parents=True)
    paths.settings_file().write_text("{ nonsense", encoding="utf-8")
    with studio(qtbot, model=False) as shell:
        assert shell.window.banner.isVisible()
        assert "settings" in shell.window.banner.message


def test_pages_are_built_when_they_are_opened(shell: ShellStudio) -> None:
    assert shell.window.page_widget("train") is None
    shell.window.actions_by_id["page-train"].trigger()
    made = shell.window.page_widget("train")
    assert made is not None
    assert made.isVisible()
    shell.window.open_page("explore")
    shell.window.open_page("train")
    assert shell.window.page_widget("train") is made
    assert not shell.window.status.panel_buttons["shelf"].isVisible()


def test_the_theme_switches_live_and_is_remembered(shell: ShellStudio) -> None:
    panel = shell.window.explore.teacher
    spot = QPoint(4, panel.height() // 2)
    assert panel.grab().toImage().pixelColor(spot).name() == theme.DARK.panel
    shell.window.actions_by_id["toggle-theme"].trigger()
    assert panel.grab().toImage().pixelColor(spot).name() == theme.LIGHT.panel
    assert shell.preferences.values.text("look.theme") == "light"
    shell.window.actions_by_id["toggle-theme"].trigger()
    assert panel.grab().toImage().pixelColor(spot).name() == theme.DARK.panel


def test_the_status_line_tells_pixel_speed_and_training(shell: ShellStudio) -> None:
    status = shell.window.status
    status.show_pixel(3, 4, (255, 0, 16, 255))
    assert status.pixel == "x 3  y 4  #ff0010"
    status.show_pixel(3, 4, (0, 0, 0, 0))
    assert status.pixel.endswith("transparent")
    status.show_pixel(0, 0, None)
    assert status.pixel == ""
    status.show_training("step 10", 0.5)
    assert status._bar.isVisible()
    status.show_training("", None)
    assert not status._bar.isVisible()


def test_the_first_sprite_of_a_model_says_nothing_of_its_speed(shell: ShellStudio, qtbot: QtBot) -> None:
    assert shell.window.status.speed == ""
    shell.slider("shape/0").setValue(140)
    qtbot.waitUntil(lambda: shell.window.status.speed.endswith(" ms a sprite"))
    with qtbot.waitSignal(shell.controller.model_changed):
        shell.window.open_model(None)
    qtbot.waitUntil(lambda: shell.window.status.speed == "")


def test_every_control_has_a_name_for_screen_readers(shell: ShellStudio) -> None:
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in shell.window.findChildren(QAbstractButton)
        if widget.isVisible() and not (widget.accessibleName() or widget.text())
    ]
    assert not nameless, nameless


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no window manager to tell
def test_help_and_about_open_beside_the_window(shell: ShellStudio, qtbot: QtBot) -> None:
    for action_id in ("help", "about"):
        shell.window.actions_by_id[action_id].trigger()
        (dialog,) = [top for top in shell.window.findChildren(QWidget, "text-dialog") if top.isVisible()]
        assert not dialog.isModal()
        dialog.close()
        qtbot.waitUntil(lambda: not shell.window.findChildren(QWidget, "text-dialog"))
