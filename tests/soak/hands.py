"""Mouse, keyboard and answers to questions for an artist made of chance, for `tests.soak.exploring`.

Mouse events are sent to widgets as Qt would send them, so that a screen is not needed. What opens and waits for an
answer (context menus, questions) gets one from a timer; file dialogs of the system give a path without being shown.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMenu, QWidget
from shiboken6 import isValid

_ANSWER_MS = 1
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def turn() -> None:
    """One turn of the event loop, with what a real one does at its end: what was to be deleted later is deleted."""
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def press(widget: QWidget, point: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press the left button there."""
    _send(widget, QEvent.Type.MouseButtonPress, point, _LEFT, _LEFT, keys)


def move(widget: QWidget, point: QPoint, *, held: bool = True) -> None:
    """Move the mouse there, with the left button held or not."""
    _send(widget, QEvent.Type.MouseMove, point, _NONE, _LEFT if held else _NONE)


def release(widget: QWidget, point: QPoint) -> None:
    """Let go of the left button there."""
    _send(widget, QEvent.Type.MouseButtonRelease, point, _LEFT, _NONE)


def click(widget: QWidget, point: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press and let go there."""
    press(widget, point, keys)
    release(widget, point)


def double_click(widget: QWidget, point: QPoint) -> None:
    """Click twice there."""
    click(widget, point)
    _send(widget, QEvent.Type.MouseButtonDblClick, point, _LEFT, _LEFT)
    release(widget, point)


def drag(widget: QWidget, path: list[QPoint]) -> None:
    """Press at the first point, move over the others, let go at the last; events are processed on the way.

    What is held can be gone before the hand lets go: a project that has just been read brings other sliders.
    """
    press(widget, path[0])
    for point in path[1:]:
        move(widget, point)
        turn()
        if not isValid(widget):
            return
    release(widget, path[-1])


def wheel(widget: QWidget, point: QPoint, notches: int) -> None:
    """Turn the wheel there."""
    place = QPointF(point)
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(point)), QPoint(), QPoint(0, 120 * notches), _NONE,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def ask_for_menu(widget: QWidget, point: QPoint) -> None:
    """Press the right button there."""
    _send(widget, QEvent.Type.MouseButtonPress, point, Qt.MouseButton.RightButton, Qt.MouseButton.RightButton)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(widget, QContextMenuEvent(reason, point, widget.mapToGlobal(point)))
    _send(widget, QEvent.Type.MouseButtonRelease, point, Qt.MouseButton.RightButton, _NONE)


def _send(
    widget: QWidget,
    kind: QEvent.Type,
    point: QPoint,
    button: Qt.MouseButton,
    buttons: Qt.MouseButton,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    event = QMouseEvent(kind, QPointF(point), QPointF(widget.mapToGlobal(point)), button, buttons, keys)
    QApplication.sendEvent(widget, event)


class Answers(QObject):
    """Answers whatever opens and waits: picks an entry of a menu or leaves it, types a name, closes a question.

    Args:
        rng: Decides.
    """

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng
        self._timer = QTimer(self)
        self._timer.setInterval(_ANSWER_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def stop(self) -> None:
        """Answer no more."""
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        popup = QApplication.activePopupWidget()
        if isinstance(popup, QMenu):
            entries = [
                one for one in popup.actions() if one.isEnabled() and not one.isSeparator() and one.menu() is None
            ]
            if entries and self._rng.random() < 0.8:
                popup.setActiveAction(self._rng.choice(entries))
                QTest.keyClick(popup, Qt.Key.Key_Return)
            else:
                popup.close()
        elif popup is not None and self._rng.random() < 0.2:
            popup.close()
        elif isinstance(dialog := QApplication.activeModalWidget(), QInputDialog):
            dialog.setTextValue(f"name {self._rng.randrange(100)}")
            dialog.done(self._rng.randrange(2))
        elif isinstance(dialog, QDialog):
            dialog.reject()


@contextmanager
def chosen_files(folder: Path, rng: random.Random) -> Iterator[None]:
    """Let the system's file dialogs answer at once: one of the files in `folder` to open, one of a few to write."""

    def to_open(*words: object) -> tuple[str, str]:
        suffixes = [one for one in (".lunar", ".png") if one in str(words[3])]
        fitting = sorted(path for path in folder.iterdir() if path.suffix in suffixes)
        return (str(rng.choice(fitting)) if fitting and rng.random() < 0.9 else "", "")

    def to_write(*words: object) -> tuple[str, str]:
        suffix = Path(str(words[2])).suffix
        return (str(folder / f"file {rng.randrange(8)}{suffix}") if rng.random() < 0.9 else "", "")

    with ExitStack() as stack:
        for name, answer in (("getOpenFileName", to_open), ("getSaveFileName", to_write)):
            stack.enter_context(mock.patch.object(QFileDialog, name, answer))
        stack.enter_context(mock.patch.object(QFileDialog, "getExistingDirectory", return_value=""))
        yield
