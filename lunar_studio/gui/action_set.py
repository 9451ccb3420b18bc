"""The action table as QActions: one object for menu, button, shortcut and command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence

from lunar_studio.gui import icons, theme
from lunar_studio.gui.action_runner import ActionRunner
from lunar_studio.session.actions import ACTIONS, action


class ActionSet(QObject):
    """Every action of the table; an action that nothing is bound to stays disabled.

    Args:
        runner: Runs what the actions are bound to.
        parent: Its owner.

    Attributes:
        switched: Emitted with the id of what the artist switched, and whether it is on now.
    """

    switched = Signal(str, bool)

    def __init__(self, runner: ActionRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._handlers: dict[str, Callable[[], None]] = {}
        self._met: frozenset[str] = frozenset({"always"})
        self._actions = {entry.id: self._make(entry.id) for entry in ACTIONS}
        self.retint()

    def _make(self, action_id: str) -> QAction:
        entry = action(action_id)
        made = QAction(entry.title, self)
        made.setObjectName(entry.id)
        made.setCheckable(entry.checkable)
        keys = QKeySequence.fromString(entry.shortcut, QKeySequence.SequenceFormat.PortableText)
        if entry.shortcut:
            made.setShortcut(keys)
        shown = f" ({keys.toString(QKeySequence.SequenceFormat.NativeText)})" if entry.shortcut else ""
        made.setToolTip(f"{entry.title.replace('…', '')}{shown}\n{entry.tip}")
        made.setEnabled(False)
        made.triggered.connect(self._on_triggered)
        return made

    def __getitem__(self, action_id: str) -> QAction:
        """The QAction of an action.

        Raises:
            KeyError: The table has none of that id.
        """
        return self._actions[action_id]

    def bind(self, action_id: str, handler: Callable[[], None]) -> None:
        """Have `handler` run whenever the action is triggered.

        Raises:
            KeyError: The table has none of that id.
        """
        self._handlers[self._actions[action_id].objectName()] = handler
        self._enable(action_id)

    def set_conditions(self, met: Iterable[str]) -> None:
        """Enable what can be used under these conditions (`session.actions.EnabledWhen`)."""
        now = frozenset({"always", *met})
        if now != self._met:
            self._met = now
            for action_id in self._actions:
                self._enable(action_id)

    def _enable(self, action_id: str) -> None:
        usable = action_id in self._handlers and action(action_id).enabled_when in self._met
        self._actions[action_id].setEnabled(usable)

    def retint(self) -> None:
        """Draw every icon in the colours of the theme."""
        tokens = theme.current()
        for action_id, made in self._actions.items():
            if name := action(action_id).icon:
                made.setIcon(icons.icon(name, colour=tokens.muted))
                made.setIconVisibleInMenu(False)

    @Slot()
    def _on_triggered(self) -> None:
        made = self.sender()
        handler = self._handlers.get(made.objectName())
        if isinstance(made, QAction) and handler is not None:
            title = made.text().replace("&", "").replace("…", "")
            self._runner.run(title, handler)
            if made.isCheckable():
                self.switched.emit(made.objectName(), made.isChecked())
