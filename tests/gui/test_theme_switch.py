"""Dark, light, or as the system is: a stand-in for the system's look, and the real application dressed by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from lunar_studio.gui import theme, theme_switch
from lunar_studio.gui.action_runner import ActionRunner
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.preferences import Preferences

LIGHT, DARK, UNKNOWN = Qt.ColorScheme.Light, Qt.ColorScheme.Dark, Qt.ColorScheme.Unknown


class System(QObject):
    """Behaves as Qt does on a desktop: whoever sets a scheme hears no more of the system's."""

    colorSchemeChanged = Signal(Qt.ColorScheme)

    def __init__(self, scheme: Qt.ColorScheme) -> None:
        super().__init__()
        self._systems, self._ours = scheme, UNKNOWN

    def colorScheme(self) -> Qt.ColorScheme:
        return self._systems if self._ours is UNKNOWN else self._ours

    def setColorScheme(self, scheme: Qt.ColorScheme) -> None:
        self._change(self._systems, scheme)

    def unsetColorScheme(self) -> None:
        self._change(self._systems, UNKNOWN)

    def turn(self, scheme: Qt.ColorScheme) -> None:
        """The artist changes the whole system."""
        self._change(scheme, self._ours)

    def _change(self, systems: Qt.ColorScheme, ours: Qt.ColorScheme) -> None:
        before = self.colorScheme()
        self._systems, self._ours = systems, ours
        if self.colorScheme() is not before:
            self.colorSchemeChanged.emit(self.colorScheme())


class Desk:
    """Actions, settings and the switch between them, on one system."""

    def __init__(self, folder: Path, scheme: Qt.ColorScheme, setting: str = "system") -> None:
        self._owner = QObject()
        self.system = System(scheme)
        self.preferences = Preferences(folder / "settings.json", self._owner)
        self.preferences.set("look.theme", setting)
        self.actions = ActionSet(ActionRunner(self._owner), self._owner)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, theme_switch.wanted(self.preferences, self.system))
        self.switch = theme_switch.ThemeSwitch(self.actions, self.preferences, self._owner, self.system)

    @property
    def setting(self) -> str:
        return self.preferences.values.text("look.theme")

    def trigger(self, action_id: str) -> None:
        self.actions[action_id].trigger()


@pytest.fixture(autouse=True)
def _dark_afterwards(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, theme.DARK)


@pytest.mark.parametrize(("scheme", "tokens"), [(LIGHT, theme.LIGHT), (DARK, theme.DARK), (UNKNOWN, theme.DARK)])
def test_it_starts_as_the_system_is(tmp_path: Path, scheme: Qt.ColorScheme, tokens: theme.Tokens) -> None:
    Desk(tmp_path, scheme)
    assert theme.current() is tokens


def test_it_changes_when_the_system_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, DARK)
    desk.system.turn(LIGHT)
    assert theme.current() is theme.LIGHT
    desk.system.turn(DARK)
    assert theme.current() is theme.DARK
    assert desk.setting == "system"


def test_who_has_chosen_stays_with_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, DARK)
    desk.trigger("toggle-theme")
    assert (theme.current(), desk.setting) == (theme.LIGHT, "light")
    assert not desk.actions["theme-system"].isChecked()
    desk.system.turn(LIGHT)
    desk.system.turn(DARK)
    assert theme.current() is theme.LIGHT
    assert desk.system.colorScheme() is LIGHT, "the system's own dialogs would be dark"


def test_there_is_a_way_back_to_the_system(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LIGHT, "dark")
    assert theme.current() is theme.DARK
    desk.trigger("theme-system")
    assert (theme.current(), desk.setting) == (theme.LIGHT, "system")
    desk.system.turn(DARK)
    assert theme.current() is theme.DARK


def test_who_leaves_the_system_keeps_what_is_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LIGHT)
    assert desk.actions["theme-system"].isChecked()
    desk.trigger("theme-system")
    assert (theme.current(), desk.setting) == (theme.LIGHT, "light")
    desk.system.turn(DARK)
    assert theme.current() is theme.LIGHT
