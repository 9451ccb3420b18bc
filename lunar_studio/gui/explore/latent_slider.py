"""One slider of the panel: name, groove with a moon for a thumb, value, lock, all painted in one row.

One slider each (in hundredths of a standard deviation) and no child widgets: sixty rows of labels, spin boxes and
buttons would cost ten times as much to build and to lay out.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from lunar_studio.core import track
from lunar_studio.core.groove import Groove
from lunar_studio.core.latent import Direction
from lunar_studio.gui import icons, theme
from lunar_studio.gui.explore.groove_ribbon import Ribbon
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.inline_editor import InlineEditor
from lunar_studio.gui.widgets.scaled_slider import STEPS, ScaledSlider
from lunar_studio.gui.widgets.section_header import paint_focus_ring

REACH = track.REACH
"""How far a slider goes to either side, in standard deviations of the training art."""

MERGE_MS = 500
"""Arrow keys and wheel notches closer together than this are one step in the history."""

ROW_PX = 6 * SPACE_PX
"""Height of a slider."""

_VALUE_PX = 13 * SPACE_PX
_MOON_PX = 14
_SEEN = 1 / STEPS


class LatentSlider(ScaledSlider):
    """Moves along one direction; drag, arrows, wheel, or Enter to type; double-click resets.

    Args:
        direction: What it moves along.
        parent: Its owner.

    Attributes:
        moved: Emitted with the direction's id and the position wanted, in standard deviations.
        move_ended: Emitted when a drag ends, or keys and wheel rest.
        reset_asked: Emitted with the id.
        lock_asked: Emitted with the id and whether it shall be locked.
        pin_asked: Emitted with the id and whether it shall stand above all others.
        rename_asked: Emitted with the id and the new name.
        pointed: The mouse or the keyboard came to it.
    """

    moved = Signal(str, float)
    move_ended = Signal()
    reset_asked = Signal(str)
    lock_asked = Signal(str, bool)
    pin_asked = Signal(str, bool)
    rename_asked = Signal(str, str)
    pointed = Signal()

    def __init__(self, direction: Direction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.direction = direction
        self.setObjectName(f"slider/{direction.id}")
        self.setRange(round(-REACH * STEPS), round(REACH * STEPS))
        self.setSingleStep(10)
        self.setPageStep(50)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFont(theme.font())
        self._name = direction.name
        self._position = 0.0
        self._anchor: float | None = None
        self._locked = False
        self._pinned = False
        self._groove: Groove | None = None
        self._ribbon = Ribbon()
        self._is_groove_true = False
        self._listening = True
        self._drag_x: float | None = None
        self._editor: InlineEditor | None = None
        self._editing = ""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(MERGE_MS)
        self._rest.timeout.connect(self.move_ended)
        self.valueChanged.connect(self._on_value_changed)
        self._tell_tip()

    # ---- state -------------------------------------------------------------------------------------

    @property
    def position(self) -> float:
        """Where the document stands along the direction, in standard deviations; may lie beyond the groove."""
        return self._position

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def is_locked(self) -> bool:
        """Whether it keeps its position in a re-roll."""
        return self._locked

    @property
    def is_pinned(self) -> bool:
        """Whether it stands above all others."""
        return self._pinned

    @property
    def shown_value(self) -> str:
        """The position as it is written at the end of the row."""
        off = abs(self._position) >= 0.005
        return f"{self._position:+.2f}".replace("-", "−") if off else "0.00"

    def set_number(self, number: float) -> None:
        """Go there as by a key: the steps of one moment are one in the history."""
        self._fine(number * STEPS)

    def set_pinned(self, pinned: bool) -> None:
        """Say that it stands above all others, or not; emits nothing."""
        self._pinned = pinned

    def show_state(self, position: float, anchor: float | None, name: str, locked: bool) -> None:
        """Show where the document stands; emits nothing.

        Args:
            position: In standard deviations.
            anchor: Where the exploration began; a small mark on the groove.
            name: What the slider is called.
            locked: Whether it keeps its position in a re-roll.
        """
        if (anchor, name, locked) == (self._anchor, self._name, self._locked) and _same(position, self._position):
            self._position = position
            return
        if (name, locked) != (self._name, self._locked):
            self._name, self._locked = name, locked
            self._tell_tip()
        self._position, self._anchor = position, anchor
        self._listening = False
        self.setValue(round(position * STEPS))
        self._listening = True
        self.update()

    @property
    def groove(self) -> Groove | None:
        """What lies along it, as far as that was looked at."""
        return self._groove

    @property
    def is_groove_true(self) -> bool:
        """Whether that is so of the document as it is now."""
        return self._is_groove_true

    def show_groove(self, found: Groove | None, *, is_true: bool = True) -> None:
        """Paint what lies along it; faintly where the document has moved on since."""
        is_true = is_true and found is not None
        if found is self._groove and is_true == self._is_groove_true:
            return
        self._groove, self._is_groove_true = found, is_true
        self.setAccessibleDescription(_told(found) if found is not None and is_true else "")
        self.update()

    def _on_value_changed(self, value: int) -> None:
        if self._listening:
            self._position = value / STEPS
            self.moved.emit(self.direction.id, self._position)

    def _tell_tip(self) -> None:
        self.setAccessibleName(self._name)
        share = f"It moves {self.direction.share:.0%} of what its group moves. " if self.direction.share else ""
        self.setToolTip(
            f"{self._name}: drag, wheel or arrow keys; Shift for fine steps;\nEnter to type a value; L locks; "
            "Shift+Up pins it to the top; double-click resets.\n"
            f"{share}The ribbon is the score along it.\nLatent direction {self.direction.id}, "
            "in standard deviations of the training art."
        )

    # ---- places in the row -------------------------------------------------------------------------

    def _lock_area(self) -> QRect:
        return QRect(self.width() - icons.GRID_PX - SPACE_PX, 0, icons.GRID_PX + SPACE_PX, self.height())

    def _value_area(self) -> QRect:
        return QRect(self._lock_area().left() - _VALUE_PX - SPACE_PX, 0, _VALUE_PX, self.height())

    def _name_area(self) -> QRect:
        return QRect(SPACE_PX, 0, max(64, round(self.width() * 0.28)), self.height())

    def groove_area(self) -> QRect:
        """Where the moon travels, from its centre at the lowest value to its centre at the highest."""
        left = self._name_area().right() + 3 * SPACE_PX
        right = self._value_area().left() - 2 * SPACE_PX
        return QRect(left, 0, max(1, right - left), self.height())

    def _x_of(self, position: float) -> float:
        area = self.groove_area()
        share = (min(REACH, max(-REACH, position)) + REACH) / (2 * REACH)
        return area.left() + share * area.width()

    # ---- editors -----------------------------------------------------------------------------------

    def edit_value(self) -> None:
        """Type a value over the number."""
        self._open_editor("value", self._value_area().adjusted(-SPACE_PX, 0, SPACE_PX, 0), f"{self._position:.2f}")

    def edit_name(self) -> None:
        """Type a name over the name."""
        self._open_editor("name", self._name_area().adjusted(-SPACE_PX, 0, SPACE_PX, 0), self._name)

    def _open_editor(self, what: str, area: QRect, text: str) -> None:
        if self._editor is None:
            self._editor = InlineEditor(self)
            self._editor.entered.connect(self._on_entered)
        self._editing = what
        self._editor.setAccessibleName(f"{what} of {self._name}")
        self._editor.edit(area, text)

    @Slot(str)
    def _on_entered(self, typed: str) -> None:
        text = typed.strip()
        if self._editing == "name" and text != self._name:
            self.rename_asked.emit(self.direction.id, text)
        elif self._editing == "value":
            try:
                value = float(text.replace(",", ".").replace("−", "-"))
            except ValueError:
                return  # what cannot be a number leaves the slider where it is
            if abs(value) <= 10 * REACH:
                self.moved.emit(self.direction.id, value)
                self.move_ended.emit()

    def _fine(self, value: float) -> None:
        self.setValue(round(value))
        self._rest.start()

    # ---- Qt ----------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(280, ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """Room for a name, a short groove, a value and the lock."""
        return QSize(220, ROW_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Name, groove, moon, value, lock; a ring when it has the keyboard."""
        tokens = theme.current()
        painter = QPainter(self)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.colour(tokens.text if self.isEnabled() else tokens.faint))
        area = self._name_area()
        name = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, name)
        self._paint_groove(painter)
        off = abs(self._position) >= 0.005
        painter.setPen(theme.colour(tokens.text if off and self.isEnabled() else tokens.muted))
        painter.drawText(self._value_area(), middle | Qt.AlignmentFlag.AlignRight, self.shown_value)
        if self._locked or self.underMouse() or self.hasFocus():
            tint = tokens.accent if self._locked else tokens.faint
            mark = icons.pixmap("lock" if self._locked else "unlock", tint, self.devicePixelRatioF())
            painter.drawPixmap(self._lock_area().left() + SPACE_PX, (self.height() - icons.GRID_PX) // 2, mark)
        if self.hasFocus():
            paint_focus_ring(painter, self)

    def _paint_groove(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        area, y = self.groove_area(), self.height() / 2
        if self._groove is not None:
            self._ribbon.paint(painter, area, self._groove, is_true=self._is_groove_true and self.isEnabled())
        painter.setBrush(theme.colour(tokens.line))
        painter.drawRoundedRect(QRectF(area.left(), y - 1.5, area.width(), 3), 1.5, 1.5)
        centre, moon = self._x_of(0.0), self._x_of(self._position)
        colour = tokens.muted if self._locked or not self.isEnabled() else tokens.accent
        painter.setBrush(theme.colour(colour, 0.75))
        painter.drawRect(QRectF(min(centre, moon), y - 1.5, abs(moon - centre), 3))
        painter.setBrush(theme.colour(tokens.muted))
        painter.drawRect(QRectF(round(centre) - 0.5, y - 4, 1, 8))
        if self._anchor is not None and abs(self._anchor - self._position) > 0.02:
            painter.setBrush(theme.colour(tokens.muted))
            painter.drawEllipse(QPointF(self._x_of(self._anchor), y), 2.5, 2.5)
        _paint_moon(painter, QPointF(moon, y), colour, tokens.panel)
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the moon, from anywhere on the groove; the lock toggles."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        if self._lock_area().contains(event.position().toPoint()):
            self.lock_asked.emit(self.direction.id, not self._locked)
            return
        area = self.groove_area()
        if area.adjusted(-_MOON_PX, 0, _MOON_PX, 0).contains(event.position().toPoint()):
            self._drag_x = event.position().x()
            self.setSliderDown(True)
            if abs(event.position().x() - self._x_of(self._position)) > _MOON_PX / 2:
                self._go_to_x(event.position().x())

    def _go_to_x(self, x: float) -> None:
        area = self.groove_area()
        share = min(1.0, max(0.0, (x - area.left()) / area.width()))
        self.setValue(round((share * 2 - 1) * REACH * STEPS))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag; with Shift a tenth of the way."""
        if self._drag_x is None:
            return
        pace = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        step = (event.position().x() - self._drag_x) * 2 * REACH * STEPS / self.groove_area().width() * pace
        if abs(step) >= 1:
            self._drag_x = event.position().x()
            self.setValue(self.value() + round(step))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """The drag is over: one step in the history."""
        if self._drag_x is not None:
            self._drag_x = None
            self.setSliderDown(False)
            self.move_ended.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On the name: rename. On the value: type. On the groove: reset."""
        point = event.position().toPoint()
        if self._name_area().contains(point):
            self.edit_name()
        elif self._value_area().contains(point):
            self.edit_value()
        elif self._lock_area().contains(point):
            self.lock_asked.emit(self.direction.id, not self._locked)
        else:
            self._drag_x = None
            self.reset_asked.emit(self.direction.id)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch is a step while it has the keyboard; otherwise the panel scrolls."""
        if not self.hasFocus() or event.angleDelta().y() == 0:
            event.ignore()
            return
        fine = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        step = (1 if fine else self.singleStep()) * (1 if event.angleDelta().y() > 0 else -1)
        self._fine(self.value() + step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move, up and down go on, or pin; Enter types, L locks, F2 renames, Backspace resets."""
        fine = 1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else self.singleStep()
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.pin_asked.emit(self.direction.id, event.key() == Qt.Key.Key_Up)
            case Qt.Key.Key_Left:
                self._fine(self.value() - fine)
            case Qt.Key.Key_Right:
                self._fine(self.value() + fine)
            case Qt.Key.Key_Up:
                self.focusPreviousChild()
            case Qt.Key.Key_Down:
                self.focusNextChild()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.edit_value()
            case Qt.Key.Key_L:
                self.lock_asked.emit(self.direction.id, not self._locked)
            case Qt.Key.Key_F2:
                self.edit_name()
            case Qt.Key.Key_Backspace | Qt.Key.Key_Delete:
                self.reset_asked.emit(self.direction.id)
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """All that can be done to it, by name."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pin = menu.addAction("Unpin" if self._pinned else "Pin to the Top")
        lock = menu.addAction("Unlock" if self._locked else "Lock")
        menu.addSeparator()
        value, name, reset = menu.addAction("Type a Value…"), menu.addAction("Rename…"), menu.addAction("Reset")
        picked = menu.exec(event.globalPos())
        if picked is pin:
            self.pin_asked.emit(self.direction.id, not self._pinned)
        elif picked is lock:
            self.lock_asked.emit(self.direction.id, not self._locked)
        elif picked is value:
            self.edit_value()
        elif picked is name:
            self.edit_name()
        elif picked is reset:
            self.reset_asked.emit(self.direction.id)

    def event(self, event: QEvent) -> bool:
        """Repaint where the mouse comes and goes."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
            self.pointed.emit()
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)


def _same(one: float, other: float) -> bool:
    """Whether nobody could see a difference: a move along one direction touches the others by rounding."""
    return abs(one - other) < _SEEN / 10 and round(one / _SEEN) == round(other / _SEEN)


def _told(found: Groove) -> str:
    if not found.has_scores:
        return ""
    lowest, highest = (f"{score:.0f}" for score in (min(found.scores), max(found.scores)))
    if lowest == highest:
        return f"It scores {lowest} all along."
    best = f"{found.positions[found.best]:+.1f}".replace("-", "−")
    return f"Scores from {lowest} to {highest} along it; the best is at {best}."


def _paint_moon(painter: QPainter, centre: QPointF, colour: str, ground: str) -> None:
    """A disc with a crescent's shadow."""
    radius = _MOON_PX / 2
    disc = QPainterPath()
    disc.addEllipse(centre, radius, radius)
    painter.setBrush(theme.colour(ground))
    painter.drawEllipse(centre, radius + 1.5, radius + 1.5)
    painter.setBrush(theme.colour(colour))
    painter.drawPath(disc)
    shadow = QPainterPath()
    shadow.addEllipse(centre + QPointF(radius * 0.55, -radius * 0.2), radius * 0.85, radius * 0.85)
    painter.setBrush(theme.colour(ground, 0.32))
    painter.drawPath(disc.intersected(shadow))
