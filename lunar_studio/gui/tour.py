"""The tour: five coach marks at the real things, once for a new user, and again from the Help menu.

Nothing is blocked while it lasts. Whoever does what a step speaks of has learned it, and the next step comes by itself;
Escape ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from lunar_studio.gui.main_window import MainWindow
from lunar_studio.gui.preferences import Preferences
from lunar_studio.gui.tour_mark import CoachMark, Ring, Side
from lunar_studio.gui.widgets.buttons import ActionButton

SETTING = "help.tour_seen"


@dataclass(frozen=True, slots=True)
class Step:
    """One coach mark.

    Attributes:
        title: A few words.
        words: A sentence or two.
        target: Finds what it points at; None where that is not in view.
        side: Where the card had best stand, so that what changes meanwhile is seen.
    """

    title: str
    words: str
    target: Callable[[], QWidget | None]
    side: Side = "left"


class Tour(QObject):
    """Leads through the Explore page.

    Args:
        window: Where it points.
        preferences: Remember that it was seen.

    Attributes:
        mark: The card.
        ring: Round what the card speaks of.
    """

    def __init__(self, window: MainWindow, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._place = -1
        content = window.centralWidget()
        self._content: QWidget = window if content is None else content
        self.ring, self.mark = Ring(self._content), CoachMark(self._content)
        self.mark.next_asked.connect(self.advance)
        self.mark.skip_asked.connect(self.end)
        self.mark.told.connect(window.commentary.tell_tour)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), window)
        self._escape.activated.connect(self.end)
        self._escape.setEnabled(False)
        self._settle = QTimer(self)  # widgets have their places once the event loop has turned
        self._settle.setSingleShot(True)
        self._settle.setInterval(0)
        self._settle.timeout.connect(self._point)
        self._steps = self._make_steps()
        self._watch()
        window.actions_by_id.bind("tour", self.begin)
        if not preferences.values.flag(SETTING):
            window.explore.presented.connect(self._on_first_sprite)

    def _make_steps(self) -> tuple[Step, ...]:
        page, find = self._window.explore, self._window.findChild
        return (
            Step(
                "Roll",
                "Press Random, or Space: the model invents a sprite. Each is another; Ctrl+Z brings the last one back.",
                lambda: page.roll_bar.random,
                "right",
            ),
            Step(
                "Pull a slider",
                "Drag a moon, and the sprite follows. The ribbon under it shows where the score rises. L locks a "
                "slider, so that the next roll leaves it alone.",
                lambda: next(iter(page.latents.sliders_in_view), None),
            ),
            Step(
                "Watch the meter",
                "The teacher compares the sprite with real art: 70 means better than 70 of 100 sprites that people "
                "drew. The eye beside it shows which pixels cost points.",
                lambda: page.teacher.meter,
            ),
            Step(
                "Keep what you like",
                "Press K. Kept sprites stand on the shelf at the left, with the way back to each of them.",
                lambda: _button(page, "bookmark"),
            ),
            Step(
                "Export",
                "Kept sprites become a sheet that game engines read. F1 tells what every page can do; this tour is in "
                "the Help menu.",
                lambda: find(QWidget, "tab/export"),
                "below",
            ),
        )

    def _watch(self) -> None:
        """Doing it is as good as pressing Next."""
        window, actions = self._window, self._window.actions_by_id
        window.explore.roll_bar.roll_asked.connect(self._on_rolled)
        actions["re-roll"].triggered.connect(self._on_rolled)
        window.explore.canvas.space_tapped.connect(self._on_rolled)
        window.explore.latents.move_ended.connect(self._on_pulled)
        actions["bookmark"].triggered.connect(self._on_kept)

    @property
    def step(self) -> int:
        """Which step is shown, from 0; -1 for none."""
        return self._place

    def begin(self) -> None:
        """Show the first step."""
        page = self._window.explore
        self._window.open_page("explore")
        page.views.show_view("sprite")
        page.set_panel_visible("sliders", True)
        self._escape.setEnabled(True)
        for watched in (self._content, self._window):  # no longer than it lasts: each frame is many events
            watched.installEventFilter(self)
        self._go_to(0)

    @Slot()
    def advance(self) -> None:
        """The next step; after the last one it is over."""
        if self._place + 1 < len(self._steps):
            self._go_to(self._place + 1)
        else:
            self.end()

    @Slot()
    def end(self) -> None:
        """It was seen, and does not come again by itself."""
        self._place = -1
        self._escape.setEnabled(False)
        for watched in (self._content, self._window):
            watched.removeEventFilter(self)
        self.mark.hide()
        self.ring.hide()
        self._preferences.set(SETTING, True)
        self._window.setFocus()

    def _go_to(self, place: int) -> None:
        self._place = place
        step = self._steps[place]
        self.mark.tell(step.title, step.words, place + 1, len(self._steps))
        self._point()
        self._settle.start()

    @Slot()
    def _point(self) -> None:
        if self._place < 0:
            return
        step = self._steps[self._place]
        target = step.target()
        page = self._window.explore
        room = self._area(page if page.isVisible() else self._content)  # the tabs above stay in sight
        if target is None or not target.isVisible():
            self.ring.hide()
            self.mark.stand_beside(None, room)
            return
        area = self._area(target)
        self.ring.surround(area)
        self.mark.stand_beside(area, room, step.side)

    def _area(self, widget: QWidget) -> QRect:
        return QRect(widget.mapTo(self._content, QPoint(0, 0)), widget.size())

    def _done(self, place: int) -> None:
        if self._place == place:
            self.advance()

    @Slot(int)
    def _on_first_sprite(self, _generation: int) -> None:
        self._window.explore.presented.disconnect(self._on_first_sprite)
        if self._place < 0 and not self._preferences.values.flag(SETTING):
            self.begin()

    @Slot()
    def _on_rolled(self) -> None:
        self._done(0)

    @Slot()
    def _on_pulled(self) -> None:
        self._done(1)

    @Slot()
    def _on_kept(self) -> None:
        self._done(3)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The card goes with what it points at; Enter that nobody else wanted leads on."""
        if self._place >= 0 and watched is self._window and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.advance()
                return True
        elif self._place >= 0 and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._settle.start()
        return super().eventFilter(watched, event)


def _button(page: QWidget, action_id: str) -> QWidget | None:
    """The tool button of an action."""
    buttons = page.findChildren(ActionButton)
    return next((one for one in buttons if one.defaultAction().objectName() == action_id and one.isVisible()), None)
