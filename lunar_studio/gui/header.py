"""The header: moon, menus, page tabs, command palette, theme, model switcher, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMenu, QMenuBar, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import ActionButton, TextButton
from lunar_studio.session.actions import ACTIONS, MENUS, action

PAGES = ("explore", "train", "data", "export")


class PageTab(TextButton):
    """One tab; the page that is open is underlined in the accent."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        entry = action(f"page-{page}")
        super().__init__(
            entry.title, parent, icon_name=page, role="tab", tip=f"{entry.title} ({entry.shortcut})\n{entry.tip}"
        )
        self.setObjectName(f"tab/{page}")
        self.setAccessibleDescription(f"{entry.tip} {entry.shortcut}")
        self.setCheckable(True)
        self.setAutoExclusive(True)  # for a screen reader one of several, not a box to check


class ModelButton(TextButton):
    """The name of the open model; its menu opens others.

    Attributes:
        chosen: Emitted with the `Path` of a model, or None for the bundled one.
        open_asked: A file shall be looked for.
    """

    chosen = Signal(object)
    open_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("No model", parent, icon_name="model", tip="The open model; click for others")
        self.setObjectName("model-switcher")
        self.setMaximumWidth(56 * SPACE_PX)
        self._menu = QMenu(self)
        self._menu.setObjectName("model-menu")
        self._menu.triggered.connect(self._on_triggered)
        self.setMenu(self._menu)
        self.set_choices((), ())

    def set_name(self, name: str, facts: str) -> None:
        """Show the open model's name; `facts` go into the tooltip."""
        shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 36 * SPACE_PX)
        self.setText(shown)
        self.setAccessibleName(f"Model: {name}")
        self.setToolTip(f"{name}\n{facts}\nClick to open another model.")

    def set_choices(self, recent: Sequence[Path], runs: Sequence[Path]) -> None:
        """List models that were opened lately, and those of training runs."""
        self._menu.clear()
        self._menu.addAction("Bundled model").setData("")
        self._menu.addAction("Open…").setObjectName("open")
        for title, paths in (("Opened lately", recent), ("Your training runs", runs)):
            if paths:
                self._menu.addSection(title)
            for path in paths:
                name = path.parent.name if path.stem == "model" else path.stem
                entry = self._menu.addAction(name)
                entry.setData(str(path))
                entry.setToolTip(str(path))

    @Slot(object)
    def _on_triggered(self, entry: object) -> None:
        picked = entry.data()  # type: ignore[attr-defined]
        if picked is None:
            self.open_asked.emit()
        else:
            self.chosen.emit(Path(picked) if picked else None)


class Header(QWidget):
    """The window's top row.

    Args:
        actions: The window's.
        parent: Its owner.

    Attributes:
        page_asked: Emitted with `explore`, `train`, `data` or `export`.
        model_button: The model switcher.
        recent_menu: The projects opened lately.
    """

    page_asked = Signal(str)

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._moon = QLabel()
        self.menu_bar = QMenuBar()
        self.menu_bar.setNativeMenuBar(False)
        for menu, title in MENUS.items():
            made = self.menu_bar.addMenu(title)
            made.setToolTipsVisible(True)
            for entry in ACTIONS:
                if entry.menu == menu:
                    if entry.id in (
                        "open-model",
                        "export-sheet",
                        "pin-painted",
                        "quit",
                        "pixel-grid",
                        "zoom-1",
                        "toggle-theme",
                        "before-after",
                    ):
                        made.addSeparator()
                    made.addAction(actions[entry.id])
                    if entry.id == "open-project":
                        self.recent_menu = made.addMenu("Open Recent")
        tabs = QHBoxLayout()
        tabs.setSpacing(SPACE_PX)
        self._group = QButtonGroup(self)
        self._tabs = {page: PageTab(page) for page in PAGES}
        for page, tab in self._tabs.items():
            self._group.addButton(tab)
            tabs.addWidget(tab)
            actions[f"page-{page}"].enabledChanged.connect(tab.setEnabled)
            tab.setEnabled(actions[f"page-{page}"].isEnabled())
        self._group.buttonClicked.connect(self._on_tab)
        self.find_button = TextButton("Find a command  Ctrl+K", icon_name="search", role="quiet")
        self.find_button.setToolTip(action("command-palette").tip)
        self.find_button.clicked.connect(actions["command-palette"].trigger)
        self.model_button = ModelButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        row.setSpacing(SPACE_PX)
        row.addWidget(self._moon)
        row.addWidget(self.menu_bar, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        row.addLayout(tabs)
        row.addStretch(1)
        row.addWidget(self.find_button)
        row.addWidget(ActionButton(actions["toggle-theme"]))
        row.addWidget(self.model_button)
        self._tint()

    def show_page(self, page: str) -> None:
        """Mark a page's tab as the open one."""
        self._tabs[page].setChecked(True)

    @Slot(object)
    def _on_tab(self, tab: PageTab) -> None:
        self.page_asked.emit(tab.objectName().removeprefix("tab/"))

    def _tint(self) -> None:
        self._moon.setPixmap(icons.pixmap("moon", theme.current().accent, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Tint the moon anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)
