"""What the doctor found: problems first, then harmless notes, each with pictures and a tick for its fix."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.data_service import Diagnosis, Finding

_TILE_PX = 36
_SHOWN = 6


class ExampleStrip(QWidget):
    """Sprites that show a finding; below each what it is a copy of, or what the fix makes of it.

    Args:
        finding: Whose examples are drawn.
        parent: Its owner.
    """

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: list[tuple[QImage, QImage | None]] = [
            (pictures.to_image(one.sprite), pictures.to_image(one.other) if one.other is not None else None)
            for one in finding.examples[:_SHOWN]
        ]
        self._rows = 2 if any(below is not None for _, below in self._pairs) else 1
        words = "\n".join(f"{one.name}: {one.words}" if one.words else one.name for one in finding.examples[:_SHOWN])
        self.setToolTip(words)
        self.setAccessibleName(words or finding.kind.title)
        self.setFixedHeight(self.sizeHint().height())

    def sizeHint(self) -> QSize:
        """One or two rows of tiles."""
        return QSize(len(self._pairs) * (_TILE_PX + SPACE_PX), self._rows * (_TILE_PX + SPACE_PX))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw every pixel as it is, never smoothed."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        for column, pair in enumerate(self._pairs):
            for row, image in enumerate(pair):
                if image is None:
                    continue
                step = _TILE_PX + SPACE_PX
                area = QRect(column * step, row * step, _TILE_PX, _TILE_PX)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour(theme.current().sunken))
                painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
                pictures.paint_sprite(painter, area.adjusted(2, 2, -2, -2), image, ratio)


class FindingCard(QFrame):
    """One finding.

    Args:
        finding: What is told.
        parent: Its owner.

    Attributes:
        chosen: Its title was pressed; emitted with the path of the first file concerned.
        ticked: Its fix was ticked or unticked.
        fix: The tick, or None where there is nothing to mend.
    """

    chosen = Signal(str)
    ticked = Signal()

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setProperty("role", "card")
        count = len(finding.names)
        title = TextButton(f"{finding.kind.title} ({count:,})", role="quiet", tip="Show the first of them.")
        title.clicked.connect(self._on_title)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(SPACE_PX)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignLeft)
        lesson = finding.kind.lesson + (f" {finding.detail}." if finding.detail else "")
        column.addWidget(Label(lesson, size="small", role="muted", wrap=True))
        if finding.examples:
            column.addWidget(ExampleStrip(finding))
        self.fix: QCheckBox | None = None
        if finding.kind.fix:
            self.fix = QCheckBox(finding.kind.fix)
            self.fix.setChecked(finding.kind.is_safe)
            self.fix.setToolTip("In the mended copy; your own files stay as they are.")
            self.fix.toggled.connect(self._on_ticked)
            column.addWidget(self.fix)

    @Slot()
    def _on_title(self) -> None:
        self.chosen.emit(self.finding.names[0].rpartition("#")[0] or self.finding.names[0])

    @Slot()
    def _on_ticked(self) -> None:
        self.ticked.emit()


class DoctorPanel(QWidget):
    """All findings, and one button that writes a mended copy.

    Attributes:
        chosen: A finding was pressed; emitted with a file's path.
        mend_requested: The button was pressed; emitted with the ticked kinds, a frozenset of their ids.
        cards: Of the findings on show.
    """

    chosen = Signal(str)
    mend_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doctor-panel")
        self.cards: list[FindingCard] = []
        self.state = Label(role="muted", wrap=True)
        self.mend_button = TextButton(
            "Write a mended copy",
            icon_name="check",
            tip="A new folder beside your art, with what is ticked put right. Your own files stay as they are.",
        )
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, SPACE_PX, 0)
        self._column.setSpacing(2 * SPACE_PX)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._inside)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it scrolls into view by itself
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(self.state)
        column.addWidget(area, 1)
        column.addWidget(self.mend_button)
        self.mend_button.clicked.connect(self._on_mend)
        self.show_diagnosis(None)

    @property
    def fixes(self) -> frozenset[str]:
        """Kinds whose fix is ticked."""
        return frozenset(card.finding.kind.id for card in self.cards if card.fix is not None and card.fix.isChecked())

    def show_diagnosis(self, diagnosis: Diagnosis | None, words: str = "") -> None:
        """Show findings; without any, `words` say why."""
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self.cards = []
        found = diagnosis.findings if diagnosis is not None else ()
        for severity, title in (("problem", "Problems"), ("note", "Notes: harmless, for you to know")):
            of_kind = [one for one in found if one.kind.severity == severity]
            if of_kind:
                self._column.addWidget(Label(title, bold=True, wrap=True))
            for finding in of_kind:
                card = FindingCard(finding)
                card.chosen.connect(self.chosen)
                card.ticked.connect(self._enable)
                self._column.addWidget(card)
                self.cards.append(card)
        self._column.addStretch(1)
        if diagnosis is not None and not diagnosis.count("problem"):
            words = "No problems found." if found else "Nothing found that would spoil a model."
        self.state.setText(words)
        self.state.setVisible(bool(words))
        self._enable()

    @Slot()
    def _enable(self) -> None:
        self.mend_button.setVisible(any(card.fix is not None for card in self.cards))
        self.mend_button.setEnabled(bool(self.fixes))

    @Slot()
    def _on_mend(self) -> None:
        self.mend_requested.emit(self.fixes)
