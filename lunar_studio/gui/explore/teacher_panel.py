"""The teacher: one large score, where it lies among real art, and what each expert says."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import icons, theme
from lunar_studio.gui.explore.expert_bars import ExpertBars
from lunar_studio.gui.explore.score_tone import tone
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.gui.widgets.tab_order import follow_each_other

_DIGITS = {
    "0": ("111", "101", "101", "101", "101", "101", "111"),
    "1": ("010", "110", "010", "010", "010", "010", "111"),
    "2": ("111", "001", "001", "111", "100", "100", "111"),
    "3": ("111", "001", "001", "111", "001", "001", "111"),
    "4": ("101", "101", "101", "111", "001", "001", "001"),
    "5": ("111", "100", "100", "111", "001", "001", "111"),
    "6": ("111", "100", "100", "111", "101", "101", "111"),
    "7": ("111", "001", "001", "010", "010", "010", "010"),
    "8": ("111", "101", "101", "111", "101", "101", "111"),
    "9": ("111", "101", "101", "111", "001", "001", "111"),
    "-": ("000", "000", "000", "111", "000", "000", "000"),
}
_DOT_PX = 5
_METER_PX = 14 * SPACE_PX
_BAR_TOP_PX, _BAR_PX = 6 * SPACE_PX, 2 * SPACE_PX
_TOOL_PX = 6 * SPACE_PX
_PREVIEW_PX = 17 * SPACE_PX
TICKS = (10, 50, 90)
"""Percentiles of real art marked on the meter."""


def sentence(score: Score) -> str:
    """What a score means, in one sentence."""
    return f"better than {round(score.value)} of 100 real sprites"


def sentence_that_fits(score: Score, room_px: int, metrics: QFontMetrics) -> str:
    """What a score means, in as many words as there is room for; empty if there is none for any."""
    place = round(score.value)
    said = (sentence(score), f"better than {place} of 100", f"{place} of 100")
    return next((words for words in said if metrics.horizontalAdvance(words) <= room_px), "")


class ScoreMeter(QWidget):
    """The score in large pixel digits, a bar with the percentiles of real art, and its trend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("score-meter")
        self.setFixedHeight(_METER_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # Else everything it stands on would be painted under it first, with every score.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._score: Score | None = None
        self._before: float | None = None
        self._kept, self._kept_for = QPixmap(), (0, 0.0, theme.current())
        self.show_score(None, None)
        self.tell()

    @property
    def text(self) -> str:
        """The number shown; a dash for none."""
        return "--" if self._score is None else str(round(self._score.value))

    def show_score(self, score: Score | None, before: float | None) -> None:
        """Show a score, and how it moved since `before`; `tell` is to follow."""
        self._score, self._before = score, before
        self.update()

    def tell(self) -> None:
        """Put what is shown into words for those who hear it, or point at it."""
        score = self._score
        said = "no score yet" if score is None else f"Score {self.text}: {sentence(score)}"
        self.setAccessibleName(said)
        self.setToolTip(
            f"{said}.\nThe teacher network compares the sprite with real, unseen art of this model. "
            "The marks show where the weakest tenth, the middle and the best tenth of real sprites lie."
        )

    def sizeHint(self) -> QSize:
        """As wide as a panel."""
        return QSize(280, _METER_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Digits, words, trend, bar."""
        tokens = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(tokens.panel))
        value = 0.0 if self._score is None else self._score.value
        colour = tokens.muted if self._score is None else getattr(tokens, tone(value))
        left = self._paint_digits(painter, colour) + 4 * SPACE_PX
        self._paint_words(painter, left)
        painter.drawPixmap(left, _BAR_TOP_PX, self._scale(self.width() - left))
        if self._score is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(colour))
            filled_px = max(_BAR_PX, (self.width() - left) * value / 100)
            painter.drawRoundedRect(QRectF(left, _BAR_TOP_PX, filled_px, _BAR_PX), RADIUS_PX, RADIUS_PX)

    def _scale(self, width: int) -> QPixmap:
        """The empty bar with its ticks, kept: while a slider moves, it is a third of what there is to paint."""
        ratio = self.devicePixelRatioF()
        key = (width, ratio, theme.current())
        if key != self._kept_for:
            self._kept_for, self._kept = key, self._painted_scale(width, ratio)
        return self._kept

    def _painted_scale(self, width: int, ratio: float) -> QPixmap:
        tokens = theme.current()
        made = QPixmap(QSize(max(1, width), self.height() - _BAR_TOP_PX) * ratio)
        made.setDevicePixelRatio(ratio)
        made.fill(theme.colour(tokens.panel))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken))
        painter.drawRoundedRect(QRectF(0, 0, width, _BAR_PX), RADIUS_PX, RADIUS_PX)
        muted = theme.colour(tokens.muted)
        painter.setFont(theme.font("small"))
        painter.setPen(muted)
        for tick in TICKS:
            x = width * tick / 100
            painter.fillRect(QRectF(round(x), _BAR_PX + 2, 1, SPACE_PX), muted)
            area = QRectF(x - 40, _BAR_PX + 2 + SPACE_PX, 80, 4 * SPACE_PX)
            painter.drawText(area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, str(tick))
        painter.end()
        return made

    def _paint_digits(self, painter: QPainter, colour: str) -> int:
        top = (self.height() - 7 * _DOT_PX) // 2 - 2 * SPACE_PX // 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(colour))
        painter.drawRects(
            [
                QRect((4 * place + column) * _DOT_PX, top + row * _DOT_PX, _DOT_PX, _DOT_PX)
                for place, digit in enumerate(self.text)
                for row, dots in enumerate(_DIGITS[digit])
                for column, dot in enumerate(dots)
                if dot == "1"
            ]
        )
        return max((4 * len(self.text) - 1) * _DOT_PX, 7 * _DOT_PX)

    def _paint_words(self, painter: QPainter, left: int) -> None:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(theme.current().muted))
        area = QRect(left, 0, self.width() - left, 5 * SPACE_PX)
        if self._score is None:
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "no score yet")
            return
        trend_px = self._paint_trend(painter, area)
        words = sentence_that_fits(self._score, area.width() - trend_px, painter.fontMetrics())
        painter.setPen(theme.colour(theme.current().muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    @property
    def trend(self) -> int:
        """By how much the score has moved since the step before; 0 while nobody knows."""
        if self._score is None or self._before is None:
            return 0
        return round(self._score.value) - round(self._before)

    def _paint_trend(self, painter: QPainter, area: QRect) -> int:
        """Arrow and figures at the right; returns the width that they take, with a gap."""
        if not self.trend:
            return 0
        tokens, figures = theme.current(), str(abs(self.trend))
        name, colour = ("arrow-up", tokens.good) if self.trend > 0 else ("arrow-down", tokens.bad)
        painter.setPen(theme.colour(colour))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, figures)
        width = painter.fontMetrics().horizontalAdvance(figures) + SPACE_PX + icons.GRID_PX
        mark = icons.pixmap(name, colour, self.devicePixelRatioF())
        painter.drawPixmap(area.right() + 1 - width, (area.height() - icons.GRID_PX) // 2, mark)
        return width + SPACE_PX

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)


class TeacherPanel(Panel):
    """The live quality meter.

    Attributes:
        meter: Number and bar.
        experts: One bar for each expert.
        preview: The current sprite, for when the canvas is not in view.
        preview_clicked: It was clicked.
    """

    preview_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("teacher-panel")
        self.meter = ScoreMeter()
        self.experts = ExpertBars()
        self.column.setSpacing(SPACE_PX)
        self.preview = SpriteThumb("Current sprite", _PREVIEW_PX)
        self.preview.setObjectName("sprite-preview")
        self.preview.setToolTip("The current sprite, at its real size or a whole multiple. Click to see it large.")
        self.preview.clicked.connect(self.preview_clicked)
        self.preview.hide()
        row = QHBoxLayout()
        row.setSpacing(3 * SPACE_PX)
        row.addWidget(self.preview)
        row.addWidget(self.meter, 1)
        self.column.addLayout(row)
        self._matters, self._tools = QHBoxLayout(), QHBoxLayout()
        self._matter_buttons: list[QWidget] = []
        self._tool_buttons: list[QWidget] = []
        self._matters.setSpacing(SPACE_PX // 2)
        self._tools.setSpacing(SPACE_PX)
        below = QHBoxLayout()
        below.addLayout(self._matters)
        below.addStretch(1)
        below.addLayout(self._tools)
        self.column.addLayout(below)
        self.column.addWidget(self.experts)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._sprite: Sprite | None = None
        self._last: float | None = None
        self._reference: float | None = None

    def add_tool(self, button: QWidget) -> None:
        """Put a button at the right end of the line under the meter."""
        button.setFixedHeight(_TOOL_PX)
        self._tools.addWidget(button)
        self._tool_buttons.append(button)
        follow_each_other((*self._matter_buttons, *self._tool_buttons))

    def add_matter(self, button: QWidget) -> None:
        """Put the button of a side matter at the left of that line."""
        self._matters.addWidget(button)
        self._matter_buttons.append(button)
        follow_each_other((*self._matter_buttons, *self._tool_buttons))

    def set_preview_visible(self, visible: bool) -> None:
        """Show the sprite beside its score, or leave the score the room."""
        self.preview.setVisible(visible)
        self.show_sprite(self._sprite)

    def show_sprite(self, sprite: Sprite | None) -> None:
        """Show the current sprite in the preview, exact as ever, as soon as that is seen."""
        self._sprite = sprite
        if not self.preview.isHidden():
            self.preview.set_sprite(sprite)

    def begin_step(self) -> None:
        """A new step of the history begins: the trend counts from the score shown now."""
        self._reference = self._last

    def show_version(self, score: Score, before: float) -> None:
        """Show the judgement of something else than the sprite for a while; the next `show_score` ends it."""
        self.meter.show_score(score, before)
        self.show_experts(score)

    def show_score(self, score: Score) -> None:
        """Show the teacher's judgement; NaN means that the model has no teacher."""
        self.show_value(score)
        self.show_experts(score)

    def show_value(self, score: Score) -> None:
        """Show the number alone, which belongs into one frame with its sprite; `show_experts` is to follow."""
        has_teacher = not math.isnan(score.value)
        self.meter.show_score(score if has_teacher else None, self._reference if has_teacher else None)
        self._last = score.value if has_teacher else None

    def show_experts(self, score: Score) -> None:
        """Show what the experts say, and put all of it into words."""
        self.meter.tell()
        self.experts.show_experts(() if math.isnan(score.value) else score.experts)
