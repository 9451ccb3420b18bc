"""Dark, light, or as the system is: what the settings say, put on the application, and changed with the system.

While the artist follows the system, Qt may not be told a colour scheme of ours: told one, it hears no more of the
system's. `QStyleHints.colorScheme` is what the desktop says (on Linux its settings portal), Unknown where nobody does.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, Qt, SignalInstance, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from lunar_studio.gui import theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.preferences import Preferences

_SYSTEM = "system"


class SystemLook(Protocol):
    """What the system says of colours: Qt's style hints."""

    @property
    def colorSchemeChanged(self) -> SignalInstance:
        """The system says something else now."""

    def colorScheme(self) -> Qt.ColorScheme:
        """What is used now."""

    def setColorScheme(self, scheme: Qt.ColorScheme, /) -> None:
        """Use this one from now on, whatever the system says."""

    def unsetColorScheme(self) -> None:
        """Use the system's."""


def wanted(preferences: Preferences, look: SystemLook | None = None) -> theme.Tokens:
    """The theme of the settings, or the system's; dark where the system does not say.

    Tells Qt the scheme, or to follow the system's, so that dialogs and frames of the system's match.

    Args:
        preferences: The user's settings.
        look: The system's; the application's style hints for None.
    """
    name, hints = preferences.values.text("look.theme"), look or QGuiApplication.styleHints()
    if name == _SYSTEM:
        hints.unsetColorScheme()
        return theme.LIGHT if hints.colorScheme() is Qt.ColorScheme.Light else theme.DARK
    hints.setColorScheme(Qt.ColorScheme.Light if name == theme.LIGHT.name else Qt.ColorScheme.Dark)
    return theme.THEMES[name]


class ThemeSwitch(QObject):
    """Binds the actions that choose the theme, remembers the choice, and goes along with the system.

    Args:
        actions: The window's.
        preferences: The user's settings.
        parent: Its owner.
        look: The system's; the application's style hints for None.
    """

    def __init__(
        self,
        actions: ActionSet,
        preferences: Preferences,
        parent: QObject | None = None,
        look: SystemLook | None = None,
    ) -> None:
        super().__init__(parent)
        self._look: SystemLook = look or QGuiApplication.styleHints()
        self._follow, self._preferences = actions["theme-system"], preferences
        self._follow.setChecked(self._follows)
        actions.bind("toggle-theme", self._toggle)
        actions.bind("theme-system", self._set_following)
        preferences.changed.connect(self._on_changed)
        self._look.colorSchemeChanged.connect(self._on_scheme)

    @property
    def _follows(self) -> bool:
        return self._preferences.values.text("look.theme") == _SYSTEM

    def _toggle(self) -> None:
        self._preferences.set("look.theme", (theme.LIGHT if theme.current() is theme.DARK else theme.DARK).name)

    def _set_following(self) -> None:
        self._preferences.set("look.theme", _SYSTEM if self._follow.isChecked() else theme.current().name)

    @Slot(str)
    def _on_changed(self, key: str) -> None:
        if key == "look.theme":
            self._follow.setChecked(self._follows)
            self._dress()

    @Slot()
    def _on_scheme(self) -> None:
        if self._follows:
            self._dress()

    def _dress(self) -> None:
        tokens, app = wanted(self._preferences, self._look), QApplication.instance()
        if tokens is not theme.current() and isinstance(app, QApplication):
            theme.apply(app, tokens)
