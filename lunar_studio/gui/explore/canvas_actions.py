"""What the actions of the canvas do: zooms, switches, tools; and the key that shows "before" only while it is held."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence

from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.page import ExplorePage
from lunar_studio.gui.explore.painting import TOOLS
from lunar_studio.gui.preferences import Preferences

_GLANCE_MS = 350
"""A key held longer than this was held for a glance; shorter, it was pressed to switch."""

_SWITCHES = {
    "pixel-grid": ("pixel_grid", "canvas.pixel_grid"),
    "checkerboard": ("checkerboard", "canvas.checkerboard"),
    "tile-preview": ("tiles", ""),
    "onion": ("onion", ""),
    "before-after": ("shows_before", ""),
}
"""Actions that switch something of the canvas: its name there, and the setting that remembers it."""


class CanvasActions(QObject):
    """Binds the actions of canvas and brushes.

    Args:
        actions: The window's.
        page: The Explore page.
        preferences: The user's settings.
        parent: The window; its keys are watched.
    """

    def __init__(self, actions: ActionSet, page: ExplorePage, preferences: Preferences, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        self._page = page
        self._preferences = preferences
        self._held = QElapsedTimer()
        for zoom in range(1, 10):
            actions.bind(f"zoom-{zoom}", partial(page.canvas.set_zoom, zoom))
        actions.bind("zoom-fit", partial(page.canvas.set_zoom, None))
        for action_id in _SWITCHES:
            actions.bind(action_id, partial(self._switch, action_id))
        for tool in TOOLS:
            actions.bind(f"tool-{tool}", partial(page.painting.set_tool, tool))
        actions.bind("pin-painted", self._switch_pinning)
        actions.bind("mix-colour", page.brushes.open_mixer)
        actions.bind("follow-pins", page.following.toggle)
        page.following.running_changed.connect(actions["follow-pins"].setChecked)
        actions.bind("blame", self._switch_blame)
        actions.bind("worst-pixel", self._go_to_worst)
        actions.bind("improve", page.improving.toggle)
        page.improving.opened.connect(actions["improve"].setChecked)
        actions.bind("own-pixels", page.own_pixels.lay)
        actions.bind("clear-edits", page.painting.clear)
        actions.bind("unpin-all", page.painting.unpin_all)
        page.painting.tool_changed.connect(self._on_tool)
        self._restore()
        # Held down, a key repeats itself, and before/after would flicker.
        actions["before-after"].setAutoRepeat(False)
        parent.installEventFilter(self)

    def _restore(self) -> None:
        values = self._preferences.values
        for action_id, (option, setting) in _SWITCHES.items():
            if setting:
                self._actions[action_id].setChecked(values.flag(setting))
                self._page.canvas.set_option(option, values.flag(setting))
        self._page.canvas.set_option("checkerboard_px", values.number("canvas.checkerboard_size"))
        self._actions["pin-painted"].setChecked(values.flag("canvas.pin_painted"))
        self._page.painting.pins_painted = values.flag("canvas.pin_painted")
        self._on_tool(self._page.painting.tool)

    def _switch_blame(self) -> None:
        self._page.blaming.set_on(self._actions["blame"].isChecked())

    def _go_to_worst(self) -> None:
        if not self._page.blaming.is_on:
            self._actions["blame"].setChecked(True)
            self._page.blaming.set_on(True)
        self._page.blaming.go_to_worst()

    def _switch(self, action_id: str) -> None:
        option, setting = _SWITCHES[action_id]
        is_on = self._actions[action_id].isChecked()
        self._page.canvas.set_option(option, is_on)
        if setting:
            self._preferences.set(setting, is_on)
        if action_id == "tile-preview":
            self._page.tools.show_zoom(self._page.canvas.zoom)
        if action_id == "before-after" and is_on:
            self._held.start()

    def _switch_pinning(self) -> None:
        is_on = self._actions["pin-painted"].isChecked()
        self._page.painting.pins_painted = is_on
        self._preferences.set("canvas.pin_painted", is_on)

    @Slot(str)
    def _on_tool(self, tool: str) -> None:
        for other in TOOLS:
            self._actions[f"tool-{other}"].setChecked(other == tool)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Keys that nobody else has taken: Escape lays the tool down, or leads back to the canvas.

        After a glance at before, what is now is shown.
        """
        if not isinstance(event, QKeyEvent) or event.isAutoRepeat():
            return False
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            if self._page.painting.tool != "hand":
                self._page.painting.set_tool("hand")
                return True
            if self._page.canvas.isVisible() and not self._page.canvas.hasFocus():
                self._page.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
                return True
        elif event.type() == QEvent.Type.KeyRelease:
            self._end_glance(event.key())
        return False

    def _end_glance(self, key: int) -> None:
        switch = self._actions["before-after"]
        was_held = self._held.isValid() and self._held.elapsed() > _GLANCE_MS
        if was_held and switch.isChecked() and QKeySequence(key) == switch.shortcut():
            switch.trigger()
