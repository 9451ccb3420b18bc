"""A real window on a real service and thread, with the tiny explorer in place of the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.gui import theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.main_window import MainWindow
from lunar_studio.gui.preferences import Preferences
from lunar_studio.session.history import Session
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.gui.critic_fakes import TinyCritic
from tests.gui.fakes import TinyLoader, tiny_follower, tiny_refiner


class ShellStudio:
    """The parts that `app` joins, with fakes behind the ports.

    Attributes:
        window: The window, shown.
        session: Its document.
        controller: Its controller.
        service: The service on a real thread.
        preferences: Settings in the test's own folder.
    """

    def __init__(self, qtbot: QtBot, *, model: bool, width: int, height: int) -> None:
        self._qtbot = qtbot
        theme.apply(_app(), theme.DARK)
        self.host = ThreadHost()
        self.loader = TinyLoader()
        self.service = ExploreService(
            self.host, self.loader, follower=tiny_follower, critic=TinyCritic(), refiner=tiny_refiner
        )
        self.session = Session()
        self.controller = ExploreController(self.session, self.service)
        self.preferences = Preferences(paths.settings_file())
        pages = dict.fromkeys(("train", "data", "export"), _other_page)
        self.window = MainWindow(self.controller, self.preferences, pages)
        self.window.resize(width, height)
        self.window.show()
        if model:
            with qtbot.waitSignal(self.window.explore.presented):
                self.window.open_model(None)

    def slider(self, direction_id: str) -> LatentSlider:
        """The slider of a direction."""
        found = self.window.findChild(LatentSlider, f"slider/{direction_id}")
        assert isinstance(found, LatentSlider)
        return found

    def wait_until_shown(self) -> None:
        """Until the canvas shows the document's latent, painted pixels and all."""

        def shown() -> bool:
            current, document = self.controller.current, self.session.document
            return current is not None and (current.latent, current.edits) == (document.latent, document.edits)

        self._qtbot.waitUntil(shown)

    def close(self) -> None:
        """End it as the app does."""
        self.window.close()
        self.controller.close()
        assert self.host.shut_down(limit_ms=PATIENCE_MS) == ()
        self.window.deleteLater()


@contextmanager
def studio(qtbot: QtBot, *, model: bool = True, width: int = 1280, height: int = 720) -> Iterator[ShellStudio]:
    """A studio that is closed at the end, whatever happened."""
    made = ShellStudio(qtbot, model=model, width=width, height=height)
    try:
        yield made
    finally:
        made.close()


def _app() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


def _other_page(_actions: ActionSet) -> QWidget:
    return QLabel("another page")
