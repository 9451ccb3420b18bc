"""The Improve panel: what to climb, what to hold, how it goes, and which parts of what came of it to keep.

It stands where the sliders stand: while a better version is looked for or looked at, they would only be in the way.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from lunar_studio.core.critic import WHOLE, Improvement, value_of
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.replacement_popover import points
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb

_THUMB_PX = 16 * SPACE_PX
_HOLDS = (
    ("palette", "Palette", "No colour comes in that the sprite does not have."),
    ("silhouette", "Silhouette", "What is visible stays visible, what is transparent stays so."),
    ("pins", "Painted", "What you painted stays exactly as it is, pinned or not."),
)


class ImprovePanel(Panel):
    """Controls and result.

    Attributes:
        start_asked: The button was pressed while nothing ran.
        stop_asked: It was pressed while it ran.
        accept_all_asked: Every part shall be kept.
        accept_chosen_asked: The checked parts shall be kept.
        discard_asked: Nothing shall be kept.
        close_asked: The panel shall give way to the sliders.
        regions_changed: The checked parts are others now.
        region_chosen: Emitted with the number of the part that shall be seen on the canvas, or -1.
        glanced: Emitted with whether the sprite before shall be shown, while the button is held.
        whose: The whole score, or an expert's.
        holds: What is held, by name.
        regions: The parts of the difference.
    """

    start_asked = Signal()
    stop_asked = Signal()
    accept_all_asked = Signal()
    accept_chosen_asked = Signal()
    discard_asked = Signal()
    close_asked = Signal()
    regions_changed = Signal()
    region_chosen = Signal(int)
    glanced = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("improve-panel")
        self._is_running = False
        self.column.setSpacing(SPACE_PX)
        self._add_head()
        self._add_choices()
        self._add_result()
        self._add_buttons()
        self.show_nothing()

    def _add_head(self) -> None:
        header = SectionHeader("Improve", folds=False)
        close = IconButton("close", "Back to the sliders", tip="Back to the sliders (Escape)")
        close.setObjectName("improve-close")
        close.clicked.connect(self.close_asked)
        row = QHBoxLayout()
        row.addWidget(header, 1)
        row.addWidget(close)
        self.column.addLayout(row)

    def _add_choices(self) -> None:
        self.whose = QComboBox()
        self.whose.setObjectName("improve-whose")
        self.whose.setAccessibleName("What to raise")
        self.whose.setToolTip("Raise the whole score, or what one expert of the teacher sees.")
        self.start = TextButton(
            "Start", role="primary", tip="Look nearby in the model's world for a version that scores higher."
        )
        self.start.setObjectName("improve-start")
        self.start.clicked.connect(self._on_start)
        row = QHBoxLayout()
        row.addWidget(self.whose, 1)
        row.addWidget(self.start)
        self.column.addLayout(row)
        self.holds: dict[str, QCheckBox] = {}
        held = QHBoxLayout()
        held.addWidget(Label("Hold", role="muted"))
        for name, title, tip in _HOLDS:
            box = QCheckBox(title)
            box.setObjectName(f"improve-hold-{name}")
            box.setAccessibleName(f"Hold {title.lower()}")
            box.setToolTip(tip)
            box.setChecked(True)
            self.holds[name] = box
            held.addWidget(box)
        held.addStretch(1)
        self.column.addLayout(held)

    def _add_result(self) -> None:
        self.before, self.after = SpriteThumb("Before", _THUMB_PX), SpriteThumb("After", _THUMB_PX)
        self.before.setToolTip("The sprite as it was; hold it down to see it on the canvas.")
        self.after.setToolTip("The version with the parts that are checked below.")
        self.before.pressed.connect(self._on_glance)
        self.before.released.connect(self._on_glance_over)
        self.score_said = Label("", bold=True)
        self.score_said.setObjectName("improve-score")
        self.lint_said = Label("", size="small", role="muted", wrap=True)
        self.lint_said.setObjectName("improve-lint")
        self.step_said = Label("", size="small", role="muted", wrap=True)
        self.step_said.setObjectName("improve-step")
        said = QVBoxLayout()
        said.setSpacing(0)
        for label in (self.score_said, self.lint_said, self.step_said):
            said.addWidget(label)
        row = QHBoxLayout()
        row.addWidget(self.before)
        row.addWidget(self.after)
        row.addLayout(said, 1)
        self.column.addLayout(row)
        self.regions = QListWidget()
        self.regions.setObjectName("improve-regions")
        self.regions.setAccessibleName("Parts of the difference")
        self.regions.setAccessibleDescription("Space checks a part or leaves it out; the canvas shows those checked.")
        self.regions.setToolTip(
            "Each part of what changed, and what it gains alone. Click one to see where it is; unchecked parts stay as "
            "they were."
        )
        self.regions.setMinimumHeight(11 * SPACE_PX)
        self.regions.itemChanged.connect(self._on_checked)
        self.regions.currentRowChanged.connect(self.region_chosen)
        self.column.addWidget(self.regions, 1)

    def _add_buttons(self) -> None:
        self.accept_all = TextButton(
            "Accept all", role="primary", tip="Keep every part, as one step that can be undone."
        )
        self.accept_chosen = TextButton(
            "Accept checked", tip="Keep the checked parts as painted pixels, as one step that can be undone."
        )
        self.discard = TextButton("Discard", role="quiet", tip="Keep the sprite as it was.")
        row = QHBoxLayout()
        for name, button, signal in (
            ("accept-all", self.accept_all, self.accept_all_asked),
            ("accept-chosen", self.accept_chosen, self.accept_chosen_asked),
            ("discard", self.discard, self.discard_asked),
        ):
            button.setObjectName(f"improve-{name}")
            button.clicked.connect(signal)
            row.addWidget(button)
        self.column.addLayout(row)

    # ---- what it shows -------------------------------------------------------------------------------

    @property
    def expert(self) -> int:
        """The number of the expert, or `WHOLE`."""
        return WHOLE + max(0, self.whose.currentIndex())

    @property
    def checked(self) -> tuple[int, ...]:
        """Numbers of the checked parts."""
        rows = range(self.regions.count())
        return tuple(row for row in rows if self.regions.item(row).checkState() == Qt.CheckState.Checked)

    def set_experts(self, names: tuple[str, ...]) -> None:
        """Offer the experts of a model."""
        wanted = ["whole score", *names]
        if [self.whose.itemText(row) for row in range(self.whose.count())] != wanted:
            self.whose.clear()
            self.whose.addItems(wanted)

    def show_nothing(
        self, said: str = "Start looks for a better version nearby; nothing changes until you accept."
    ) -> None:
        """No result."""
        self._set_running(False)
        self.before.set_sprite(None)
        self.after.set_sprite(None)
        self.score_said.setText("")
        self.lint_said.setText("")
        self.step_said.setText(said)
        self.regions.clear()
        self._enable(False)

    def show_progress(self, found: Improvement, lint: tuple[float, float]) -> None:
        """The best so far."""
        self._set_running(not found.has_ended)
        self.before.set_sprite(found.before)
        self.show_version(found, found.sprite, found.score, lint)
        self.step_said.setText(_how_far(found))
        self.step_said.setToolTip(
            f"The search went {found.distance:.2f} of at most {found.radius:.2f} spreads from where it began. Further "
            "out the model has seen too little art to be trusted, and the teacher is more easily fooled."
        )
        if found.has_ended:
            self._list(found)

    def show_version(self, found: Improvement, sprite: Sprite, score: Score | None, lint: tuple[float, float]) -> None:
        """A version with its score (None while that is on the way) and the lint scores before and after."""
        self.after.set_sprite(sprite)
        before = value_of(found.score_before, found.task.expert)
        now = None if score is None else value_of(score, found.task.expert)
        shown = "…" if now is None else f"{now:.0f} ({points(now - before)})"
        self.score_said.setText(f"{before:.0f} → {shown}")
        self.score_said.setAccessibleName(f"Score {before:.0f} before, {shown} after")
        worse = lint[1] < lint[0] - 0.5
        self.lint_said.setText(f"lint {lint[0]:.0f} → {lint[1]:.0f}{': is this gaming?' if worse else ''}")
        self.lint_said.set_role("warn" if worse else "muted")
        self.lint_said.setToolTip(
            "Lint knows nothing of the teacher. When the score rises and lint falls, the teacher may have been fooled."
        )

    def _list(self, found: Improvement) -> None:
        self.regions.blockSignals(True)
        self.regions.clear()
        for number, region in enumerate(found.regions, 1):
            count = len(region.pixels)
            item = QListWidgetItem(f"{number}: {count} pixel{'s' if count > 1 else ''}, alone {points(region.gain)}")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.regions.addItem(item)
        self.regions.blockSignals(False)
        self._enable(bool(found.regions))
        if not found.regions:
            self.step_said.setText("Nothing nearby scores higher with what is held.")

    def _enable(self, has_result: bool) -> None:
        for button in (self.accept_all, self.accept_chosen, self.discard):
            button.setEnabled(has_result)

    def _set_running(self, running: bool) -> None:
        self._is_running = running
        self.start.setText("Stop" if running else "Start")
        self.start.setAccessibleName("Stop improving" if running else "Start improving")
        for part in (self.whose, *self.holds.values()):
            part.setEnabled(not running)

    def set_running(self) -> None:
        """It has begun: the button stops it."""
        self._set_running(True)
        self._enable(False)
        self.regions.clear()

    # ---- what is done to it --------------------------------------------------------------------------

    @Slot()
    def _on_start(self) -> None:
        (self.stop_asked if self._is_running else self.start_asked).emit()

    @Slot(QListWidgetItem)
    def _on_checked(self, _item: QListWidgetItem) -> None:
        self.accept_chosen.setEnabled(bool(self.checked))
        self.regions_changed.emit()

    @Slot()
    def _on_glance(self) -> None:
        self.glanced.emit(True)

    @Slot()
    def _on_glance_over(self) -> None:
        self.glanced.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the sliders."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_asked.emit()
        else:
            super().keyPressEvent(event)


def _how_far(found: Improvement) -> str:
    """How long it took, and whether the model can be trusted there."""
    took = f"{found.step} of {found.steps} steps" if found.has_ended else f"step {found.step} of {found.steps}"
    share = found.distance / found.radius if found.radius else 0.0
    places = ((0.95, "as far as is safe"), (0.5, "in reach"), (1e-6, "close by"), (0.0, "not moved"))
    where = next(said for least, said in places if share >= least)
    return f"{took}, {where}"
