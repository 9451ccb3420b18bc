"""The Map view in a real window: made when looked at, clicked, walked over with keys, routes, what it says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import lunar_studio.explore.atlas  # noqa: F401 - brings torch, which a real model would have brought before
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite_map import MapRoute, SpriteMap
from lunar_studio.gui.explore.map_panel import MapPanel
from lunar_studio.gui.explore.mapping import Mapping
from lunar_studio.gui.explore.route_bar import words_of
from tests.conftest import PATIENCE_MS
from tests.gui.shell_studio import ShellStudio, studio

POINTS = 40


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, model=True, width=1500, height=1000) as made:
        made.window.explore.mapping.service.invented = POINTS
        yield made


def opened(shell: ShellStudio, qtbot: QtBot) -> tuple[Mapping, MapPanel, SpriteMap]:
    """The view, with its map made."""
    page = shell.window.explore
    page.views.show_view("map")
    qtbot.waitUntil(lambda: page.mapping.sprite_map is not None, timeout=PATIENCE_MS)
    made = page.mapping.sprite_map
    assert made is not None
    return page.mapping, page.map, made


def spot(panel: MapPanel, sprite_map: SpriteMap, index: int) -> QPoint:
    xs, ys = panel.view.camera.to_screen(sprite_map.places_N2[index : index + 1])
    return QPoint(round(float(xs[0])), round(float(ys[0])))


def test_nothing_is_made_before_somebody_looks(shell: ShellStudio, qtbot: QtBot) -> None:
    assert shell.window.explore.mapping.sprite_map is None
    _, panel, made = opened(shell, qtbot)
    assert len(made) == POINTS
    assert "the model invents" in panel.title.text()
    assert panel.view.isVisible()


def test_a_click_makes_it_the_sprite_and_undo_brings_the_other_back(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    before = shell.session.document.latent
    at = spot(panel, made, 3)
    meant = panel.view.point_at(at.x(), at.y())
    assert meant >= 0
    qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=at)
    assert shell.session.document.latent == made.latent(meant)
    assert "on the map" in shell.session.entries[-1].title
    shell.session.undo()
    assert shell.session.document.latent == before


def test_a_click_between_the_sprites_means_the_nearest(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    xs, ys = panel.view.camera.to_screen(made.places_N2)
    corner = QPoint(2, 2)
    assert panel.view.point_at(corner.x(), corner.y()) == -1, "else this test shows nothing"
    qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=corner)
    assert shell.session.document.latent == made.latent(int(np.hypot(xs - 2, ys - 2).argmin()))


def test_the_marker_follows_the_sliders(shell: ShellStudio, qtbot: QtBot) -> None:
    mapping, _, made = opened(shell, qtbot)
    mapping.take(5)
    latent = shell.session.document.latent
    assert latent is not None
    assert np.allclose(made.place(latent), made.places_N2[5], atol=0.02)
    shell.controller.sliders.move("shape/0", 3.0)
    moved = shell.session.document.latent
    assert moved is not None
    assert made.place(moved) != made.place(latent)


def test_shift_click_draws_a_route_whose_steps_can_be_taken_and_kept(shell: ShellStudio, qtbot: QtBot) -> None:
    mapping, panel, made = opened(shell, qtbot)
    mapping.take(0)
    far = int(np.linalg.norm(made.places_N2 - made.places_N2[0], axis=1).argmax())
    start = shell.session.document.latent
    with qtbot.waitSignal(mapping.service.routed, timeout=PATIENCE_MS):
        qtbot.mouseClick(
            panel.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, spot(panel, made, far)
        )
    route = mapping.route
    assert route is not None
    assert shell.session.document.latent == start  # drawing a route changes nothing
    assert route.latents[0] == start
    assert panel.route.isVisible()
    assert panel.route.said.text() == words_of(route)
    kept = len(shell.session.document.bookmarks)
    panel.route.keep_asked.emit()
    assert len(shell.session.document.bookmarks) == kept + len(route.latents)
    panel.route.strip_asked.emit()
    assert shell.window.explore.strip.offered_title == "Route"
    assert shell.window.explore.strip._latents == tuple(route.latents)
    panel.route.thumbs[4].click()
    assert shell.session.document.latent == route.latents[4]
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert mapping.route is None
    assert not panel.route.isVisible()


def test_escape_ends_the_search_for_a_way(shell: ShellStudio, qtbot: QtBot) -> None:
    mapping, panel, made = opened(shell, qtbot)
    shell.loader.explorer.pause_s = 0.05  # a way of many sprites takes its time
    said: list[str] = []
    mapping.said.connect(said.append)
    mapping.route_to(len(made) - 1)
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert said == ["Looking for a way that avoids low scores… (Esc stops)", "Stopped looking for a way"]
    shell.loader.explorer.pause_s = 0.0
    with qtbot.waitSignal(shell.service.task_ended):
        shell.service.request_task("test", lambda _explorer: iter(()))
    qtbot.wait(50)
    assert mapping.route is None
    assert not panel.route.isVisible()
    with qtbot.waitSignal(mapping.service.routed, timeout=PATIENCE_MS):
        mapping.route_to(len(made) - 1)
    assert panel.route.isVisible()


def test_keys_go_from_point_to_point_and_take_one(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    view = panel.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    first = view.pointed_at
    assert first >= 0
    assert panel.card.isVisible()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(view, key)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert shell.session.document.latent == made.latent(view.pointed_at)


def test_wheel_and_keys_zoom_and_the_thumbnails_come(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    view = panel.view
    at = QPointF(view.width() / 3, view.height() / 3)
    under = view.camera.to_map(at.x(), at.y())
    QApplication.sendEvent(
        view,
        QWheelEvent(
            at,
            view.mapToGlobal(at),
            QPoint(),
            QPoint(0, 240),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )
    assert view.camera.zoom > 1.2
    assert np.allclose(view.camera.to_map(at.x(), at.y()), under, atol=1e-6)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.camera.zoom == 1.0
    qtbot.waitUntil(lambda: bool(view.thumbs.known_N.any()), timeout=PATIENCE_MS)
    shown, _ = view.shown_thumbs()
    places = made.places_N2[shown]
    apart = np.abs(places[:, None] - places[None]).max(axis=2) * view.camera.scale
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= 32  # none lies over another


def test_a_drag_moves_the_map_and_takes_nothing(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    view = panel.view
    view.zoom_by(4.0)
    before, latent = view.camera, shell.session.document.latent
    start = QPoint(view.width() // 2, view.height() // 2)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view, start + QPoint(30, 10))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 10))
    assert view.camera.x < before.x
    assert shell.session.document.latent == latent
    assert len(made) == POINTS


def test_colours_follow_the_choice_and_the_legend_says_so(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, _ = opened(shell, qtbot)
    words = [panel.colouring.itemText(row) for row in range(panel.colouring.count())]
    assert words == ["score", "density"]  # nobody knows kinds of inventions
    by_score = panel.view.grab().toImage()
    panel.colouring.setCurrentIndex(1)
    assert panel.view.grab().toImage() != by_score
    assert "many" in panel.legend.accessibleName()


def test_another_model_has_another_map(shell: ShellStudio, qtbot: QtBot) -> None:
    mapping, _, made = opened(shell, qtbot)
    with qtbot.waitSignal(shell.controller.model_changed):
        shell.window.open_model(None)
    qtbot.waitUntil(lambda: mapping.sprite_map not in (None, made), timeout=PATIENCE_MS)


def route_of(lowest: float, straight: float, *, is_straight: bool = False) -> MapRoute:
    ends = (Latent([0.0]), Latent([1.0]))
    return MapRoute(ends, (), (), np.zeros((2, 2), np.float32), lowest, straight, is_straight)


def test_a_route_is_said_in_numbers() -> None:
    assert words_of(route_of(41.2, 12.0)) == "Lowest score on the way 41; straight across it would be 12."
    assert "straight way is the best" in words_of(route_of(41.2, 41.2, is_straight=True))
    assert "without a teacher" in words_of(route_of(float("nan"), float("nan")))


def test_the_card_has_room_for_what_it_says(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, _ = opened(shell, qtbot)
    for index in (1, 2):
        panel.card.tell(index)
        for label in (panel.card.name, panel.card.facts):
            assert label.width() >= label.fontMetrics().horizontalAdvance(label.text())
    assert "score" in panel.card.facts.text()
    panel.card.tell(-1)
    assert not panel.card.isVisible()


def test_the_card_goes_with_the_mouse_and_stays_for_the_arrows(shell: ShellStudio, qtbot: QtBot) -> None:
    _, panel, made = opened(shell, qtbot)
    view = panel.view
    xs, ys = view.camera.to_screen(made.places_N2)
    place = QPointF(float(xs[0]), float(ys[0]))
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    view.setFocus()  # as after a click on the map
    QApplication.sendEvent(
        view, QMouseEvent(QEvent.Type.MouseMove, place, view.mapToGlobal(place), buttons, buttons, keys)
    )
    assert panel.card.isVisible()
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert not panel.card.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert panel.card.isVisible()
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert panel.card.isVisible(), "the arrows have come there, not the mouse"
    panel.colouring.setFocus()
    assert not panel.card.isVisible()
