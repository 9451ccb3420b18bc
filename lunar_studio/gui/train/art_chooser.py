"""Where the art comes from: a folder, a zip or a built data set, looked through as soon as it is chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from lunar_studio.core.events import Failure
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.workers.data_service import DataService, DatasetFacts, Report

ART_FILTER = "Art (*.zip *.png *.gif *.webp *.bmp *.aseprite *.ase)"


class ArtChooser(QWidget):
    """Choose art by button, and read what is in it; drops are taken by the page around it.

    Args:
        data: Looks through the art; for this widget alone.
        parent: Its owner.

    Attributes:
        changed: Other art was chosen, or the look through it ended.
        problems_requested: The artist wants to see the refused files; emitted with the source's path.
    """

    changed = Signal()
    problems_requested = Signal(object)

    def __init__(self, data: DataService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("art-chooser")
        self._data = data
        self.source: Path | None = None
        self.report: Report | None = None
        self.facts: DatasetFacts | None = None
        self.folder_button = TextButton(
            "Folder…", icon_name="folder", tip="Choose a folder of sprites; folders inside it count too."
        )
        self.file_button = TextButton(
            "Zip or picture…", icon_name="import", tip="Choose a zip of sprites, or a single picture."
        )
        self.problems_button = TextButton(
            "See them", role="quiet", tip="Open this art on the Data page, with a word on every such file."
        )
        self._name = ElidedLabel()
        self._words = Label(size="small", role="muted", wrap=True)
        self._bar = QProgressBar()
        self._build()
        self._show()

    def _build(self) -> None:
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Looking through the art")
        self.folder_button.clicked.connect(self._ask_folder)
        self.file_button.clicked.connect(self._ask_file)
        self.problems_button.clicked.connect(self._on_problems)
        self._data.progressed.connect(self._on_progressed)
        self._data.checked.connect(self._on_checked)
        self._data.failed.connect(self._on_failed)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * SPACE_PX)
        buttons.addWidget(self.folder_button, 1)
        buttons.addWidget(self.file_button, 1)
        found = QHBoxLayout()
        found.setSpacing(SPACE_PX)
        found.addWidget(self._words, 1)
        found.addWidget(self.problems_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self._name)
        column.addLayout(found)
        column.addWidget(self._bar)
        column.addLayout(buttons)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to train on."""
        return self.facts is not None or (self.report is not None and self.report.sprites > 0)

    @property
    def size_px(self) -> int:
        """Width and height of the art, in pixels; 0 while unknown."""
        if self.facts is not None:
            return self.facts.size
        return self.report.size if self.report is not None else 0

    @property
    def sprites(self) -> int:
        """How many sprites there are to train on; 0 while unknown."""
        if self.facts is not None:
            return self.facts.sprites
        return self.report.sprites if self.report is not None else 0

    def set_source(self, source: Path) -> None:
        """Take other art, and look through it."""
        self.source, self.report = source, None
        self.facts = self._data.facts(source)
        if self.facts is None:
            self._data.check(source)
            self._bar.setRange(0, 0)
        else:
            self._data.request_stop()
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        self._name.setVisible(self.source is not None)
        # The folder of a built data set has a long name that nobody gave it.
        self._name.set_text((self.facts and self.facts.source) or (self.source.name if self.source else ""))
        self._bar.setVisible(self.source is not None and self.facts is None and self.report is None)
        self.problems_button.setVisible(self.report is not None and bool(_problem_words(self.report)))
        if self.source is None:
            words = "Drop a folder or zip of your sprites here. Forty are enough to begin; more is better."
        elif self.facts is not None:
            words = f"{self.facts.sprites:,} sprites of {self.facts.size} px, a built data set"
        elif self.report is None:
            words = "Looking through it…"
        else:
            problems = _problem_words(self.report)
            words = f"{self.report.sprites:,} sprites, mostly {self.report.size} px" + (
                f"; {problems}" if problems else ""
            )
        self._tell(words, "muted")

    def _tell(self, words: str, role: str) -> None:
        self._words.setText(words)
        self._words.set_role(role)

    # ---- choosing --------------------------------------------------------------------------------

    @Slot()
    def _ask_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Choose a folder of sprites"):
            self.set_source(Path(name))

    @Slot()
    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Choose a zip of sprites, or a picture", "", ART_FILTER)
        if name:
            self.set_source(Path(name))

    @Slot()
    def _on_problems(self) -> None:
        if self.source is not None:
            self.problems_requested.emit(self.source)

    # ---- the look through it ---------------------------------------------------------------------

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)

    @Slot(object)
    def _on_checked(self, report: Report) -> None:
        self.report = report
        self._show()
        if not report.sprites:
            reasons = {found.reason for found in report.verdicts if found.verdict == "refused"}
            why = f": {reasons.pop()}" if len(reasons) == 1 else ""
            self._tell(f"There is no sprite in it that can be used{why}.", "bad")
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._show()
        self._bar.hide()
        self._tell(f"{failure.message} {failure.hint}", "bad")
        self.changed.emit()


def _problem_words(report: Report) -> str:
    """`12 refused, 3 twice`; empty when all is well."""
    refused, twice = report.count("refused"), report.count("duplicate")
    return ", ".join(
        words for count, words in ((refused, f"{refused:,} refused"), (twice, f"{twice:,} twice")) if count
    )
