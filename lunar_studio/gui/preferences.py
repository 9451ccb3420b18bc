"""The settings as the window holds them: read once, written a moment after the last change."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lunar_studio.core.events import Failure
from lunar_studio.errors import SettingsError
from lunar_studio.session import settings
from lunar_studio.session.settings import Problem, Settings, Value

_WRITE_AFTER_MS = 500


class Preferences(QObject):
    """The user's settings.

    Args:
        path: The settings file; a missing or bad one means defaults.
        parent: Its owner.

    Attributes:
        changed: Emitted with the key of a setting that has another value now.
        failed: Emitted with a `Failure` when they cannot be written.
        problems: What in the file could not be used.
    """

    changed = Signal(str)
    failed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._settings: Settings
        self.problems: tuple[Problem, ...]
        self._settings, self.problems = settings.load(path)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WRITE_AFTER_MS)
        self._timer.timeout.connect(self.write)

    @property
    def values(self) -> Settings:
        """All values."""
        return self._settings

    def set(self, key: str, value: Value) -> None:
        """Change one setting; it is written soon.

        Raises:
            KeyError: There is no such setting.
            SettingsError: The value cannot be used.
        """
        if self._settings[key] != value:
            self._settings = self._settings.with_value(key, value)
            self._timer.start()
            self.changed.emit(key)

    @Slot()
    def write(self) -> None:
        """Write what has changed, now."""
        self._timer.stop()
        try:
            settings.save(self._settings, self._path)
        except SettingsError as error:
            self.failed.emit(Failure(error.message, error.hint))
