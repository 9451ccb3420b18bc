"""The right column: sliders above all, the score always in view, and one side matter at a time under it.

Side matters are what experts say, lint and the copy guard. Each has a button that says the main thing of it, so that
it can stay closed; opening one closes the other, and the sliders give way by no more than one of them is high.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from lunar_studio.core.neighbours import Neighbours
from lunar_studio.core.score import LintReport
from lunar_studio.gui import icons, theme
from lunar_studio.gui.explore.improve_panel import ImprovePanel
from lunar_studio.gui.explore.latent_panel import LatentPanel
from lunar_studio.gui.explore.lint_panel import LintPanel
from lunar_studio.gui.explore.neighbours_panel import NeighboursPanel
from lunar_studio.gui.explore.teach_panel import TeachPanel
from lunar_studio.gui.explore.teacher_panel import TeacherPanel
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.theme_tokens import UNFOLDED_FROM_PX
from lunar_studio.gui.widgets.buttons import TextButton

Upper = Literal["sliders", "improve", "teach"]
"""What stands above the score."""

_TIPS = {
    "experts": "What each expert of the teacher says: each looks at something of its own.",
    "lint": "What rules of the craft say, apart from the teacher; many findings can be mended with a click.",
    "copies": "Copy guard: the sprites of the training art that are nearest, and whether this is a near copy.",
}


class RightColumn(QWidget):
    """Sliders, Improve or Teach, the teacher, and one side matter or none.

    Args:
        latents: The sliders.
        improve: Stands in their place while a better version is looked for.
        teach: Stands in their place while examples for a slider are collected.
        teacher: The score.
        lint: A side matter.
        neighbours: A side matter.
        parent: Its owner.

    Attributes:
        buttons: The buttons of the side matters: `experts`, `lint`, `copies`.
    """

    def __init__(
        self,
        latents: LatentPanel,
        improve: ImprovePanel,
        teach: TeachPanel,
        teacher: TeacherPanel,
        lint: LintPanel,
        neighbours: NeighboursPanel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("right-column")
        self._is_placed = False
        self._lint, self._neighbours, self._experts = lint, neighbours, teacher.experts
        self._matters: dict[str, QWidget] = {"experts": teacher.experts, "lint": lint, "copies": neighbours}
        self.buttons = {
            "experts": TextButton("Experts", role="quiet"),
            "lint": TextButton("Lint", role="quiet"),
            "copies": TextButton("Copies", role="quiet"),
        }
        for matter, button in self.buttons.items():
            button.setObjectName(f"matter/{matter}")
            button.setCheckable(True)
            button.setToolTip(_TIPS[matter])
            button.setAccessibleName(button.text())
            button.clicked.connect(self._on_clicked)
            teacher.add_matter(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        self._upper: dict[Upper, QWidget] = {"sliders": latents, "improve": improve, "teach": teach}
        for panel in self._upper.values():
            column.addWidget(panel, 1)
        self.show_upper("sliders")
        for below in (teacher, lint, neighbours):
            column.addWidget(below)
        lint.examined.connect(self._on_examined)
        neighbours.compared.connect(self._on_compared)
        for section in (lint.header, neighbours.header):
            section.toggled.connect(self._on_folded)
        self.open_matter("")

    @property
    def matter(self) -> str:
        """The side matter that is open; empty for none."""
        return next((matter for matter, button in self.buttons.items() if button.isChecked()), "")

    def show_upper(self, wanted: Upper) -> None:
        """Show the sliders, or what stands in their place for a while."""
        for name, panel in self._upper.items():
            panel.setVisible(name == wanted)

    def open_matter(self, wanted: str) -> None:
        """Open a side matter and close the other; empty closes it.

        Raises:
            KeyError: There is no such matter.
        """
        if wanted:
            self._matters[wanted]
        for matter, widget in self._matters.items():
            self.buttons[matter].setChecked(matter == wanted)
            widget.setVisible(matter == wanted)
        for matter, panel in (("lint", self._lint), ("copies", self._neighbours)):
            if matter == wanted:
                panel.header.setChecked(True)
        if wanted != "lint":
            self._lint.view.choose(-1)  # what nobody can see chosen is not marked on the canvas

    @Slot()
    def _on_clicked(self) -> None:
        matter, button = next((key, one) for key, one in self.buttons.items() if one is self.sender())
        self.open_matter(matter if button.isChecked() else "")

    @Slot(bool)
    def _on_folded(self, unfolded: bool) -> None:
        """Whoever folds an open side matter closes it: its button says as much as its heading did."""
        folded = {self._lint.header: "lint", self._neighbours.header: "copies"}
        if not unfolded and self._is_placed and folded.get(self.sender()) == self.matter:  # type: ignore[call-overload]
            self.open_matter("")

    @Slot(object)
    def _on_examined(self, report: LintReport) -> None:
        number = len(report.warnings)
        self._say("lint", f"Lint {number}" if number else "Lint", "warning" if number else "check", _lint_words(report))

    @Slot(object)
    def _on_compared(self, found: Neighbours | None) -> None:
        if found is None or not found.nearest:
            self._say("copies", "Copies", "", _TIPS["copies"])
        elif found.is_near_copy:
            self._say("copies", "Near copy", "warning", f"This is a near copy of the training art.\n{_TIPS['copies']}")
        else:
            self._say("copies", "No copy", "check", f"This is a new drawing.\n{_TIPS['copies']}")

    def _say(self, matter: str, text: str, icon: str, tip: str) -> None:
        button = self.buttons[matter]
        if button.text() == text and button.toolTip() == tip:
            return
        button.setText(text)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setProperty("said", icon)
        self._tint(button)

    def _tint(self, button: QAbstractButton) -> None:
        name, tokens = str(button.property("said") or ""), theme.current()
        tint = tokens.warn if name == "warning" else tokens.good
        button.setIcon(icons.icon(name, colour=tint) if name else QIcon())

    def changeEvent(self, event: QEvent) -> None:
        """Tint the marks anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            for button in self.buttons.values():
                self._tint(button)
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Experts say what there is room for; the first time, where there is some, they are open."""
        super().resizeEvent(event)
        self._experts.fit_into(self.height())
        if not self._is_placed:
            self._is_placed = True
            self.open_matter("experts" if self.height() >= UNFOLDED_FROM_PX else "")


def _lint_words(report: LintReport) -> str:
    found = len(report.findings)
    said = "Nothing to mend." if not found else f"{found} finding{'' if found == 1 else 's'}."
    return f"{said} Lint score {report.score:.0f} of 100.\n{_TIPS['lint']}"
