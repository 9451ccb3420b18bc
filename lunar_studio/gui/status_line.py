"""The status line: what is going on, what is under the mouse, how fast, and the panels' switches."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label

_PANELS = (
    ("shelf", "panel-left", "Shelf", "Show or hide the shelf: kept sprites and history"),
    ("strip", "panel-bottom", "Strip", "Show or hide the strip: random sprites and variations"),
    ("sliders", "panel-right", "Sliders", "Show or hide sliders and teacher"),
)
# Nobody reads faster, and each new width of the text lays the whole line out anew.
_SPEED_MS = 250
_SAID_MS = 8_000
_GOING_ON_MS = 60_000
"""Whatever goes on longer says so again; a sentence of what was given up must not stay for good."""


class StatusLine(QWidget):
    """One line at the window's bottom: a state that lasts, and over it sentences that pass.

    Attributes:
        panel_toggled: Emitted with a panel's name and whether it shall be shown.
        training_clicked: The training progress was clicked.
        said: Emitted with a sentence of what has happened.
    """

    panel_toggled = Signal(str, bool)
    training_clicked = Signal()
    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status-line")
        self.setFixedHeight(7 * SPACE_PX)  # the same on every page, with and without the panels' switches
        self._lasting = "Ready"
        self._state = ElidedLabel(self._lasting, size="small", role="muted")
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.timeout.connect(self._on_passed)
        self._hover = Label("", size="small", role="muted")
        self._speed = Label("", size="small", role="muted")
        self._speed.setToolTip("Time the model took to draw and judge the sprite on the canvas")
        self._newest_speed = ""
        self._speed_rest = QTimer(self)
        self._speed_rest.setSingleShot(True)
        self._speed_rest.setInterval(_SPEED_MS)
        self._speed_rest.timeout.connect(self._tell_speed)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(24 * SPACE_PX)
        self._bar.setAccessibleName("Training progress")
        self._training = TextButton("", role="quiet", tip="Training goes on in the Train page; click to see it")
        self._training.setObjectName("training-progress")
        self._training.clicked.connect(self.training_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * SPACE_PX, 0, 3 * SPACE_PX, 0)
        row.setSpacing(3 * SPACE_PX)
        row.addWidget(self._state, 1)
        row.addWidget(self._hover)
        row.addWidget(self._speed)
        row.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._training)
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        self.panel_buttons: dict[str, IconButton] = {}
        for name, icon, title, tip in _PANELS:
            button = IconButton(icon, title, tip=tip, checkable=True)
            button.setObjectName(f"panel/{name}")
            button.setChecked(True)
            button.clicked.connect(self._on_panel)
            self.panel_buttons[name] = button
            buttons.addWidget(button)
        row.addLayout(buttons)
        self.show_training("", None)

    @Slot(str)
    def show_state(self, text: str) -> None:
        """Say what is going on, until something else does."""
        self._passing.stop()
        self._lasting = text
        self._state.set_text(text)

    @Slot(str)
    def say(self, text: str) -> None:
        """Say what has happened; after some seconds the state is back. What ends in … goes on, and stays longer."""
        self._state.set_text(text)
        self.said.emit(text)
        self._passing.start(_GOING_ON_MS if text.endswith("…") else _SAID_MS)

    @Slot()
    def _on_passed(self) -> None:
        self._state.set_text(self._lasting)

    def show_speed(self, text: str) -> None:
        """Say how fast the model draws; of a drag's thirty figures a second the newest now and then."""
        self._newest_speed = text
        if not self._speed_rest.isActive():
            self._tell_speed()

    @Slot()
    def _tell_speed(self) -> None:
        if self._speed.text() != self._newest_speed:
            self._speed.setText(self._newest_speed)
            self._speed_rest.start()

    @Slot(int, int, object)
    def show_pixel(self, x: int, y: int, rgba: object) -> None:
        """Say what is under the mouse: place and colour, or nothing."""
        if not isinstance(rgba, tuple):
            self._hover.setText("")
            return
        red, green, blue, alpha = rgba
        colour = "transparent" if alpha == 0 else f"#{red:02x}{green:02x}{blue:02x}"
        self._hover.setText(f"x {x}  y {y}  {colour}" + (f"  α {alpha}" if 0 < alpha < 255 else ""))

    def show_training(self, text: str, share_done: float | None) -> None:
        """Say how far training is; empty text hides it."""
        self._training.setText(text)
        self._training.setAccessibleName(text or "Training")
        self._training.setVisible(bool(text))
        self._bar.setVisible(bool(text) and share_done is not None)
        if share_done is not None:
            self._bar.setValue(round(1000 * share_done))

    def show_panels(self, shown: dict[str, bool], *, usable: bool) -> None:
        """Which panels are shown; the switches are hidden on pages without panels."""
        for name, button in self.panel_buttons.items():
            button.setVisible(usable)
            button.setChecked(shown.get(name, True))

    @property
    def state(self) -> str:
        """What it says is going on."""
        return self._state.text

    @property
    def speed(self) -> str:
        """How fast it says that the model draws."""
        return self._speed.text()

    @property
    def pixel(self) -> str:
        """What it says is under the mouse."""
        return self._hover.text()

    @Slot()
    def _on_panel(self) -> None:
        button = self.sender()
        if isinstance(button, IconButton):
            self.panel_toggled.emit(button.objectName().removeprefix("panel/"), button.isChecked())
