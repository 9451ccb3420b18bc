"""Buttons with our icons: they tint themselves anew when the theme changes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.widgets.keys import takes_press


class IconButton(QToolButton):
    """A small square button that shows only an icon.

    Args:
        icon_name: File stem in `resources/icons`.
        name: What a screen reader says.
        tip: What it does, and its shortcut; shown in the tooltip.
        checkable: Whether it stays down.
        checked_icon: The icon while it is down, if another.
        parent: Its owner.
    """

    def __init__(
        self,
        icon_name: str,
        name: str,
        parent: QWidget | None = None,
        *,
        tip: str = "",
        checkable: bool = False,
        checked_icon: str | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._checked_icon = checked_icon
        self.setAccessibleName(name)
        self.setToolTip(tip or name)
        self.setCheckable(checkable)
        self.setIconSize(QSize(icons.GRID_PX, icons.GRID_PX))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggled.connect(self._on_toggled)
        self._tint()

    def set_icon_name(self, icon_name: str) -> None:
        """Show another icon."""
        self._icon_name = icon_name
        self._tint()

    def _on_toggled(self) -> None:
        self._tint()

    def _tint(self) -> None:
        tokens = theme.current()
        shown = self._checked_icon if self._checked_icon and self.isChecked() else self._icon_name
        self.setIcon(icons.icon(shown, colour=tokens.muted))

    def event(self, event: QEvent) -> bool:
        """Space and Enter press it while it has the keyboard."""
        return takes_press(self, event) or super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Tint anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)


class TextButton(QPushButton):
    """A button with words, and an icon before them where one helps.

    Args:
        text: A verb and its object.
        icon_name: File stem in `resources/icons`, or none.
        role: `primary` for the one thing to do on a page, `quiet` for asides, plain for none.
        tip: What it does, and its shortcut.
        parent: Its owner.
    """

    def __init__(
        self, text: str, parent: QWidget | None = None, *, icon_name: str = "", role: str = "", tip: str = ""
    ) -> None:
        super().__init__(text, parent)
        self._icon_name = icon_name
        if role:
            self.setProperty("role", role)
        if tip:
            self.setToolTip(tip)
        self.setIconSize(QSize(icons.GRID_PX, icons.GRID_PX))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tint()

    def set_icon_name(self, icon_name: str) -> None:
        """Show another icon."""
        self._icon_name = icon_name
        self._tint()

    def _tint(self) -> None:
        if self._icon_name:
            tokens = theme.current()
            colour = {"primary": tokens.on_accent, "quiet": tokens.muted}.get(self.property("role"), tokens.text)
            self.setIcon(icons.icon(self._icon_name, colour=colour))

    def event(self, event: QEvent) -> bool:
        """Space and Enter press it while it has the keyboard."""
        return takes_press(self, event) or super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Tint anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)


class ActionButton(QToolButton):
    """An icon button for one of the window's actions: enabled, checked and explained as the action is.

    Args:
        action: What it triggers; its icon is tinted by whoever owns it.
        parent: Its owner.
    """

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"button/{action.objectName()}")
        self.setDefaultAction(action)
        self.setAccessibleName(action.text().replace("&", ""))
        # A screen reader has said the name already, with which the tooltip begins.
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setAccessibleDescription(f"{action.toolTip().partition(chr(10))[2]} {keys}".strip())
        self.setIconSize(QSize(icons.GRID_PX, icons.GRID_PX))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        """Space and Enter press it while it has the keyboard."""
        return takes_press(self, event) or super().event(event)
