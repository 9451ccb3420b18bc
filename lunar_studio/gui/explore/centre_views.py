"""What the middle of the Explore page shows: the sprite, or another way to look for one; a quiet switch tells which.

A view is a widget that stays alive while another is shown; it hears nothing of the switch but Qt's own show and hide
events. Each view has an action `view-<id>` in the table, so that menu, shortcut and command palette reach it too.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.tab_order import follow_each_other


class CentreViews(QWidget):
    """Views one behind the other, with a switch above them once there is more than one.

    Args:
        actions: The window's; it must have `view-<id>` for every view that is added.
        parent: Its owner.

    Attributes:
        changed: Emitted with the id of the view that is shown from now on.
        switch: The row of buttons.
    """

    changed = Signal(str)

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("centre-views")
        self._actions = actions
        self._views: dict[str, QWidget] = {}
        self._buttons: dict[str, TextButton] = {}
        self._current = ""
        self._stack = QStackedWidget()
        self.switch = QWidget()
        self.switch.setObjectName("centre-switch")
        self.switch.setAccessibleName("What the middle shows")
        self._row = QHBoxLayout(self.switch)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACE_PX // 2)
        self._row.addStretch(1)
        self.switch.hide()
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self.switch)
        column.addWidget(self._stack, 1)

    @property
    def current(self) -> str:
        """The id of the view that is shown; empty before the first was added."""
        return self._current

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all views, in the order of the switch."""
        return tuple(self._views)

    def add(self, view_id: str, title: str, icon: str, widget: QWidget, tip: str) -> None:
        """Add a view at the end of the switch; the first one added is shown.

        Args:
            view_id: A short name; `view-<view_id>` must be in the action table, and is bound here.
            title: One word for the switch.
            icon: File stem in `resources/icons`.
            widget: The view; it is owned from now on. Opened by its key, it gets the keyboard, or its focus proxy does.
            tip: A sentence that teaches what can be done there.

        Raises:
            ValueError: There is a view of that id.
            KeyError: The action table has no `view-<view_id>`.
        """
        if view_id in self._views:
            raise ValueError(f"a second view {view_id!r}")
        action = self._actions[f"view-{view_id}"]
        button = TextButton(title, icon_name=icon, role="quiet", tip=f"{title}\n{tip}")
        button.setObjectName(f"centre-view/{view_id}")
        button.setAccessibleName(f"Show {title}")
        button.setAccessibleDescription(tip)
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.setEnabled(action.isEnabled())
        action.enabledChanged.connect(button.setEnabled)
        self._actions.bind(f"view-{view_id}", partial(self._go_to, view_id))
        self._views[view_id], self._buttons[view_id] = widget, button
        self._group.addButton(button)
        self._row.insertWidget(self._row.count() - 1, button)
        follow_each_other(tuple(self._buttons.values()))  # Tab goes through the switch before it goes into a view
        self._stack.addWidget(widget)
        self.switch.setVisible(len(self._views) > 1)
        if len(self._views) == 1:
            self.show_view(view_id)

    def view(self, view_id: str) -> QWidget:
        """The widget of a view.

        Raises:
            KeyError: There is none of that id.
        """
        return self._views[view_id]

    def show_view(self, view_id: str) -> None:
        """Show a view; its action and its button are checked, whichever way it was asked for.

        Raises:
            KeyError: There is none of that id.
        """
        self._stack.setCurrentWidget(self._views[view_id])
        for other, button in self._buttons.items():
            button.setChecked(other == view_id)
            self._actions[f"view-{other}"].setChecked(other == view_id)
        if view_id != self._current:
            self._current = view_id
            self.changed.emit(view_id)

    def _go_to(self, view_id: str) -> None:
        """Show a view to whoever asked with a key: then what is worked there has the keyboard, no field of words."""
        self.show_view(view_id)
        self._views[view_id].setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        self.show_view(next(view_id for view_id, known in self._buttons.items() if known is button))
