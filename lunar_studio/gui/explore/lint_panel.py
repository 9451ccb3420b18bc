"""Lint beside the meter: what a practised eye would mend; a click shows where, a button mends it.

The list stands apart from the teacher's score on purpose: rules and a learnt judge that disagree are worth a look.
Looking takes about a millisecond for a sprite of 32 pixels, so it follows the sliders, each time after the picture.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QItemSelection, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QSizePolicy, QWidget

from lunar_studio.core.events import Decoded
from lunar_studio.core.overlay import LARGEST_SIDE, Overlay
from lunar_studio.core.score import LintFinding, LintReport
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import theme
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.findings_model import FindingsModel
from lunar_studio.gui.explore.walk import Walk
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.theme_tokens import UNFOLDED_FROM_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import counted
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.pixels.lint import RULES, examine, mended
from lunar_studio.session.pixel_commands import PatchEdits

_ROW_PX = 6 * SPACE_PX
# Rows in view by the height of the column that the panel stands in: on a small screen sliders need the room more.
_ROWS_FROM_PX = ((760, 4), (0, 3))
_NOTHING_FOUND = (
    "No rule of the craft finds fault: no loose pixels, broken steps, soft edges, banding, pillow shading or "
    "colours too many."
)
_NOTHING_CHOSEN = "Choose a finding that can be mended safely"


class FindingsView(QListView):
    """The list: click or arrows show where a finding is; click it again or Escape hides it; Enter mends it.

    Attributes:
        mend_asked: Enter was pressed.
    """

    mend_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lint-findings")
        self.setAccessibleName("Lint findings")
        self.setAccessibleDescription("Arrows choose a finding and show where it is, Enter mends it, Escape hides it.")
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.fit_into(0)

    def fit_into(self, column_px: int) -> None:
        """Show as many rows as suit a column of that height.

        Their number does not depend on the findings, or the sliders would jump under the hand while those come and go.
        """
        rows = next(rows for height_px, rows in _ROWS_FROM_PX if column_px >= height_px)
        self.setFixedHeight(rows * _ROW_PX)

    @property
    def chosen(self) -> int:
        """The chosen row; -1 for none."""
        rows = self.selectionModel().selectedRows()
        return rows[0].row() if rows else -1

    def choose(self, row: int) -> None:
        """Choose a row, or none for -1."""
        if row >= 0:
            self.setCurrentIndex(self.model().index(row, 0))
        else:
            self.selectionModel().clear()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on the chosen row lets go of it."""
        row = self.indexAt(event.position().toPoint()).row()
        if row >= 0 and row == self.chosen:
            self.choose(-1)
            event.accept()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape hides what is marked, Enter mends it; other keys as in any list."""
        if event.key() == Qt.Key.Key_Escape and self.chosen >= 0:
            self.choose(-1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.mend_asked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows; where there are none, what that means."""
        super().paintEvent(event)
        if self.model() is not None and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(theme.colour(theme.current().muted))
            area = self.viewport().rect().adjusted(SPACE_PX, SPACE_PX, -SPACE_PX, -SPACE_PX)
            painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, _NOTHING_FOUND)

    def event(self, event: QEvent) -> bool:
        """Enter belongs to the list while it has the keyboard."""
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() in keys:
            event.accept()
            return True
        return super().event(event)


_EVERY_MS = 50


class LintPanel(Panel):
    """Findings for the sprite on the canvas, with its lint score.

    Args:
        controller: The way to document and model.
        canvas: Where pixels are marked.
        parent: Its owner.

    Attributes:
        view: The list.
        fix: The button that mends the chosen finding.
        examined: Emitted with the `LintReport` of another sprite.
    """

    examined = Signal(object)

    def __init__(self, controller: ExploreController, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lint-panel")
        self._controller = controller
        self._canvas = canvas
        self._sprite: Sprite | None = None
        self._report = LintReport()
        self._marks: LintFinding | None = None
        self._is_placed = False
        self.header = SectionHeader("Lint")
        self.fix = TextButton("Fix", role="quiet")
        self.fix.setObjectName("lint-fix")
        self._model = FindingsModel(self)
        self.view = FindingsView()
        self.view.setModel(self._model)
        row = QHBoxLayout()
        row.addWidget(self.header, 1)
        row.addWidget(self.fix)
        self.column.setSpacing(SPACE_PX)
        self.column.addLayout(row)
        self.column.addWidget(self.view)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._walk = Walk(_EVERY_MS, self)
        self._walk.due.connect(self._look)
        self.header.toggled.connect(self._on_folded)
        self.fix.clicked.connect(self.mend)
        self.view.mend_asked.connect(self.mend)
        self.view.selectionModel().selectionChanged.connect(self._on_chosen)
        self._model.modelReset.connect(self._on_reset)
        controller.settled.connect(self._on_settled)
        controller.repainted.connect(self.look_at)
        self._tell()

    @property
    def report(self) -> LintReport:
        """What was found last."""
        return self._report

    # ---- looking -----------------------------------------------------------------------------------

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        self._sprite = decoded.sprite
        self._walk.step()

    @Slot(object)
    def look_at(self, sprite: Sprite) -> None:
        """Tell of another sprite, in a moment."""
        self._sprite = sprite
        self._walk.ask()

    @Slot()
    def _look(self) -> None:
        if self._sprite is None:
            return
        chosen = self._model.finding(self.view.chosen)
        self._report = examine(self._sprite)
        self._model.show_findings(self._report.findings)
        if chosen is not None:
            # What was marked stays marked on the next sprite, while that has it too.
            self.view.choose(self._model.row_like(chosen))
        self._tell()
        self.examined.emit(self._report)

    @Slot()
    def _on_reset(self) -> None:
        self._tell()

    @Slot(QItemSelection, QItemSelection)
    def _on_chosen(self, _now: QItemSelection, _before: QItemSelection) -> None:
        self._tell()

    @Slot(bool)
    def _on_folded(self, unfolded: bool) -> None:
        self.view.setVisible(unfolded)
        if not unfolded:
            self.view.choose(-1)
        self.fix.setVisible(unfolded)

    def _tell(self) -> None:
        """Heading, button and marks as the findings and the choice are."""
        warnings = len(self._report.warnings)
        notes = len(self._report.findings) - warnings
        parts = [counted(number, thing) for number, thing in ((warnings, "warning"), (notes, "note")) if number]
        said = ", ".join(parts) or "nothing to mend"
        self.header.set_note(f"{said} · {self._report.score:.0f}" if self._sprite is not None else "")
        self.header.setAccessibleDescription(f"{said}; lint score {self._report.score:.0f} of 100")
        self.header.setToolTip(
            "What rules of the craft say, apart from the teacher. The number is the lint score: 100 without a warning, "
            "less with each. Rules can be wrong; click a finding to see what it means."
        )
        chosen = self._model.finding(self.view.chosen)
        self._show_button(chosen)
        self._show_marks(chosen)

    def _show_button(self, chosen: LintFinding | None) -> None:
        can_mend = chosen is not None and bool(chosen.fix)
        self.fix.setEnabled(can_mend)
        if chosen is None:
            tip = f"{_NOTHING_CHOSEN}."
        elif can_mend:
            tip = f"{chosen.fix}: {RULES[chosen.rule].title.lower()}. Undo takes it back (Ctrl+Z)."
        else:
            tip = "This wants an artist's hand: no fix is safe here."
        self.fix.setToolTip(tip)
        self.fix.setAccessibleName(f"Fix: {chosen.fix}" if chosen is not None and can_mend else "Fix")

    def _show_marks(self, chosen: LintFinding | None) -> None:
        if chosen == self._marks:
            return
        self._marks = chosen
        if chosen is None or self._sprite is None:
            self._canvas.show_marks(None)
            return
        mask_HW = np.zeros((self._sprite.height, self._sprite.width), np.bool_)
        if chosen.pixels:
            columns, rows = zip(*chosen.pixels, strict=True)
            mask_HW[rows, columns] = True
        self._canvas.show_marks(mask_HW, "warn" if chosen.severity == "warning" else "accent")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The column that the panel stands in has another height."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.view.fit_into(watched.height())
            if not self._is_placed:
                self._is_placed = True
                self.header.setChecked(watched.height() >= UNFOLDED_FROM_PX)
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Watch the height of whatever column the panel is put into."""
        column = self.parentWidget()
        if event.type() == QEvent.Type.ParentChange and column is not None:
            column.installEventFilter(self)
        return super().event(event)

    # ---- mending -----------------------------------------------------------------------------------

    @Slot()
    def mend(self) -> None:
        """Apply the chosen finding's safe fix, as one step of the history; nothing happens where there is none."""
        current, chosen = self._controller.current, self._model.finding(self.view.chosen)
        # The list may be a sprite behind; what is mended is what the artist sees.
        if current is None or chosen is None or not chosen.fix or current.sprite != self._sprite:
            return
        patch = _difference(current.sprite, mended(current.sprite, chosen.rule), self._controller.document.edits)
        if len(patch):
            title = f"Fix {RULES[chosen.rule].title.lower()}"
            self._controller.end_move()
            self._controller.do(PatchEdits(patch, title=title))


def _difference(before: Sprite, after: Sprite, edits: Overlay) -> Overlay:
    """The pixels that differ, as they are after; those that were pinned stay so."""
    rows, columns = np.nonzero((before.rgba_HWC != after.rgba_HWC).any(axis=2))
    places_N = (rows * LARGEST_SIDE + columns).astype(np.int32)
    return Overlay(places_N, after.rgba_HWC[rows, columns], np.isin(places_N, edits.pinned.places_N))
