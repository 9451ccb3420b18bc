"""The sheet that asks what becomes of a run when the window is to close; it never blocks the run or the window."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label

Answer = Literal["keep", "save", "leave"]

_WIDTH_PX = 130 * SPACE_PX
_PATIENCE_MS = 5000
# What closes without saving appears where “Stop, save and close” was: a double click must not reach it.
_THINK_MS = 1500


class ClosingDialog(QDialog):
    """Keep training, stop and save, or stay; then how the saving goes, and what not waiting for it would lose.

    Closing it by Escape is the same as staying: nothing happens to the run.

    Args:
        status: How far the run is, in a few words.
        waiting: Runs that wait behind it.
        unsaved: What is not saved as the disk refuses; empty where it does not.
        parent: The window; the sheet is modal to it.

    Attributes:
        answered: Emitted with an `Answer`: `keep` to close when the run has ended by itself, `save` to end it now,
            `leave` to close without waiting for the last save, or without it where the disk refuses.
    """

    answered = Signal(str)

    def __init__(self, status: str, waiting: int, parent: QWidget | None = None, *, unsaved: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("closing-dialog")
        self.setWindowTitle("A model is still learning")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self.heading = Label("A model is still learning", size="title", bold=True)
        self.words = Label(_question(status, waiting, unsaved), role="muted", wrap=True)
        self.save_button = TextButton(
            "Stop, save and close", role="primary", icon_name="stop", tip="What it has learned is kept; it can go on."
        )
        self.keep_button = TextButton(
            "Keep training", tip="The window goes out of the way, and closes when the run has ended."
        )
        self.cancel_button = TextButton("Cancel", tip="Everything stays as it is (Esc).")
        self.leave_button = TextButton(
            "Close without waiting", tip="What is saved is kept; continue the run next time."
        )
        self.bar = QProgressBar()
        self._at_stake = ""
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._on_long)
        self._think = QTimer(self)
        self._think.setSingleShot(True)
        self._think.timeout.connect(self._on_thought)
        self._is_refused = False
        self._build()

    def _build(self) -> None:
        self.leave_button.hide()
        self.bar.setRange(0, 0)  # nobody knows how long a disk takes
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Saving")
        self.bar.hide()
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._on_save)
        self.keep_button.clicked.connect(self._on_keep)
        self.leave_button.clicked.connect(self._on_leave)
        self.cancel_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        for button in (self.leave_button, self.keep_button, self.save_button):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(5 * SPACE_PX, 4 * SPACE_PX, 5 * SPACE_PX, 4 * SPACE_PX)
        column.setSpacing(3 * SPACE_PX)
        column.addWidget(self.heading)
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addSpacing(SPACE_PX)
        column.addLayout(row)

    def show_saving(self, at_stake: str = "") -> None:
        """The run was asked to end: say so, and offer not to wait where that takes long.

        Args:
            at_stake: What no checkpoint holds yet, such as `40 steps`; empty where that is not known.
        """
        self._at_stake, self._is_refused = at_stake, False
        self.leave_button.hide()
        self.heading.setText("Saving what it has learned…")
        self.words.setText("The window closes by itself as soon as that is done.")
        self.save_button.hide()
        self.keep_button.hide()
        self.cancel_button.setText("Stay open")
        self.cancel_button.setToolTip("The run ends and is saved; the window stays.")
        self.bar.show()
        self._patience.start(_PATIENCE_MS)
        self._fit()

    @Slot()
    def _on_long(self) -> None:
        lost = f"the last {self._at_stake}" if self._at_stake else "what it learned since its last checkpoint"
        self.words.setText(
            "It takes longer than usual: the disk is slow, or the machine busy. The window closes by itself as soon as "
            f"that is done. Closing without waiting may lose {lost}; the rest is safe, and the run can go on next time."
        )
        self._offer_to_leave("Close without waiting")

    def show_refused(self, heading: str, words: str) -> None:
        """The disk refuses: say what is at stake, and offer to close all the same."""
        self._patience.stop()
        self.heading.setText(heading)
        self.words.setText(words)
        self.bar.hide()
        self._fit()
        if not self._is_refused:
            self._is_refused = True
            self._offer_to_leave("Close without saving")
            self.leave_button.setEnabled(False)
            self._think.start(_THINK_MS)

    @Slot()
    def _on_thought(self) -> None:
        self.leave_button.setEnabled(True)

    def _offer_to_leave(self, text: str) -> None:
        self._think.stop()
        self.leave_button.setText(text)
        self.leave_button.setEnabled(True)
        self.leave_button.show()
        self._fit()

    def _fit(self) -> None:
        """As high as its words need: by itself it would only grow."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.setFixedHeight(layout.heightForWidth(self.width()))

    def show_saved(self) -> None:
        """All it has learned is on disk; only the file that Explore opens is still being made."""
        self._patience.stop()
        self._is_refused = False
        self.bar.show()
        self.heading.setText("All it has learned is saved")
        self.words.setText(
            "The model file that Explore opens is being finished; the window closes by itself when that is done. "
            "Without it the run can still go on next time."
        )
        self._offer_to_leave("Close without waiting")

    @Slot()
    def _on_save(self) -> None:
        self.answered.emit("save")

    @Slot()
    def _on_keep(self) -> None:
        self.answered.emit("keep")
        self.accept()

    @Slot()
    def _on_leave(self) -> None:
        self.answered.emit("leave")


def _question(status: str, waiting: int, unsaved: str) -> str:
    """What stands above the buttons."""
    parts = [f"It is at {status}." if status else "It is getting ready."]
    if unsaved:
        parts.append(f"The disk refuses just now; not saved yet: {unsaved}. Stopped, the run saves as soon as it can.")
    else:
        parts.append("Stopped runs keep what they have learned, and can go on next time.")
    if waiting:
        runs = "one more run waits: it is" if waiting == 1 else f"{waiting:,} more runs wait: they are"
        parts.append(f"In the queue, {runs} still there next time.")
    return " ".join(parts)
