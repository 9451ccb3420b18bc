"""What each expert of the teacher says: name, share in the verdict, bar, score, and one plain sentence.

In a low column all sentences would take the sliders' room: there one line stands under the bars, for the expert that
the mouse is over, else for the one that takes most from the verdict.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lunar_studio.core.score import ExpertScore
from lunar_studio.gui import theme
from lunar_studio.gui.explore.expert_words import loudest, sentence
from lunar_studio.gui.explore.score_tone import tone
from lunar_studio.gui.theme import SPACE_PX

ROOMY_FROM_PX = 900
"""A column this high has room for every sentence."""

_BAR_ROW_PX = 5 * SPACE_PX
_SENTENCE_PX = 4 * SPACE_PX
_NAMES_PX = 21 * SPACE_PX
_SHARES_PX = 17 * SPACE_PX
_SCORES_PX = 9 * SPACE_PX
_VERTICAL = Qt.AlignmentFlag.AlignVCenter


class ExpertBars(QWidget):
    """One row for each expert."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("expert-bars")
        self._experts: tuple[ExpertScore, ...] = ()
        self._is_roomy = False
        self._pointed = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(0)

    @property
    def told(self) -> tuple[str, ...]:
        """The sentences that can be read without pointing at anything."""
        said = [sentence(expert) for expert in self._experts]
        return tuple(said) if self._is_roomy else tuple(said[row] for row in (self._spoken_row(),) if row >= 0)

    def show_experts(self, experts: tuple[ExpertScore, ...]) -> None:
        """Show what each expert says."""
        count, self._experts = len(self._experts), experts
        if len(experts) != count:
            self._fit()
        said = "; ".join(
            f"{expert.name} {expert.value:.0f}: {sentence(expert)}, {expert.gate:.0%} of the verdict"
            for expert in experts
        )
        self.setAccessibleName(said or "no experts")
        self.setToolTip(
            "Each expert of the teacher looks at something of its own. Its share in the verdict (gate weight) "
            f"differs from sprite to sprite.\n{said}"
        )
        self.update()

    def fit_into(self, column_px: int) -> None:
        """Say as much as a column of that height has room for."""
        is_roomy = column_px >= ROOMY_FROM_PX
        if is_roomy != self._is_roomy:
            self._is_roomy = is_roomy
            self._fit()

    def _fit(self) -> None:
        count = len(self._experts)
        sentences = count if self._is_roomy else min(1, count)
        self.setFixedHeight(count * _BAR_ROW_PX + sentences * _SENTENCE_PX)
        self.update()

    @property
    def _row_px(self) -> int:
        return _BAR_ROW_PX + (_SENTENCE_PX if self._is_roomy else 0)

    def _spoken_row(self) -> int:
        return self._pointed if 0 <= self._pointed < len(self._experts) else loudest(self._experts)

    # ---- painting ----------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """As high as it is."""
        return QSize(280, self.minimumHeight())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Rows, and under them or in them what they say."""
        painter = QPainter(self)
        for row, expert in enumerate(self._experts):
            self._paint_row(painter, QRect(0, row * self._row_px, self.width(), _BAR_ROW_PX), expert)
            if self._is_roomy:
                self._paint_sentence(painter, row * self._row_px + _BAR_ROW_PX - SPACE_PX // 2, sentence(expert))
        if not self._is_roomy and self._experts:
            expert = self._experts[self._spoken_row()]
            self._paint_sentence(painter, len(self._experts) * _BAR_ROW_PX, f"{expert.name}: {sentence(expert)}")

    def _paint_row(self, painter: QPainter, line: QRect, expert: ExpertScore) -> None:
        tokens = theme.current()
        painter.setFont(theme.font())
        painter.setPen(theme.colour(tokens.text))
        name = painter.fontMetrics().elidedText(expert.name, Qt.TextElideMode.ElideRight, _NAMES_PX - SPACE_PX)
        painter.drawText(line, _VERTICAL | Qt.AlignmentFlag.AlignLeft, name)
        painter.drawText(line, _VERTICAL | Qt.AlignmentFlag.AlignRight, f"{expert.value:.0f}")
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(tokens.muted))
        share = line.adjusted(_NAMES_PX, 0, 0, 0)
        painter.drawText(share, _VERTICAL | Qt.AlignmentFlag.AlignLeft, f"counts {expert.gate:.0%}")
        left = _NAMES_PX + _SHARES_PX
        bar = QRectF(left, line.top() + 2 * SPACE_PX, self.width() - left - _SCORES_PX, SPACE_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken))
        painter.drawRoundedRect(bar, 2, 2)
        # The larger its share in the verdict, the stronger its colour.
        painter.setBrush(theme.colour(getattr(tokens, tone(expert.value)), 0.35 + 0.65 * min(1.0, 2 * expert.gate)))
        painter.drawRoundedRect(
            QRectF(bar.left(), bar.top(), max(4.0, bar.width() * expert.value / 100), bar.height()), 2, 2
        )

    def _paint_sentence(self, painter: QPainter, top: int, said: str) -> None:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(theme.current().muted))
        area = QRect(0, top, self.width(), _SENTENCE_PX)
        shown = painter.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, _VERTICAL | Qt.AlignmentFlag.AlignLeft, shown)

    # ---- the mouse ---------------------------------------------------------------------------------

    def _point_at(self, place: QPoint | None) -> None:
        pointed = -1 if place is None else place.y() // self._row_px
        if pointed != self._pointed:
            self._pointed = pointed
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the row under the mouse has to say."""
        self._point_at(event.position().toPoint())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Back to the loudest."""
        self._point_at(None)
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)
