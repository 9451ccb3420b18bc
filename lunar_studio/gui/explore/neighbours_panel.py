"""Copy guard beside the meter: which sprites of the training art are nearest, and whether this one is a near copy.

It compares drawings, not colours, and it follows the sliders at a walk: a few times a second, between decodes.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from lunar_studio.core.events import Decoded
from lunar_studio.core.neighbours import Compared, Neighbour, Neighbours
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.walk import Walk
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.theme_tokens import UNFOLDED_FROM_PX
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.workers.explore_service import LoadedModel

TOPIC = "canvas"
_EVERY_MS = 150
_ROUNDING = 1e-6
_ROW_PX = 5 * SPACE_PX
# Rows in view by the height of the column that the panel stands in: on a small screen sliders need the room more.
_ROWS_FROM_PX = ((0, 3),)
_ABOUT = (
    "The drawings of the training art that are nearest to this sprite, wherever it stands, mirrored or not, in "
    "whatever colours. A near copy is nearer than hardly any new drawing comes: change it before you call it your "
    "own. It cannot see copies that were turned, stretched or taken in parts."
)
_NOT_CARRIED = "This model does not carry its art's fingerprints."
_NO_DRAWING = "Nothing is drawn that could be compared."


def art_title(name: str) -> str:
    """What a sprite of the training art is called in a list: `mon/fire-drake.png` is fire drake."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    shown = stem if dot and stem and suffix.isalpha() else last
    return " ".join(shown.replace("_", " ").replace("-", " ").split()) or name


def alike(neighbour: Neighbour) -> str:
    """How alike, in words of one kind: 100% alike is the same drawing."""
    # Rounded down: only the very same drawing may say 100.
    return f"{int(100 * (1 - neighbour.distance) + _ROUNDING)}% alike"


class NeighbourRow(QWidget):
    """One training sprite: its name, and how alike it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ElidedLabel(size="small")
        self.alike = Label(size="small", role="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self.name, 1)
        row.addWidget(self.alike)
        self.setFixedHeight(_ROW_PX)

    def show_neighbour(self, neighbour: Neighbour | None, words: str = "") -> None:
        """Show a neighbour, or some words in its place."""
        if neighbour is None:
            self.name.set_text(words)
            self.alike.setText("")
            self.setAccessibleName(words)
            return
        self.name.set_text(art_title(neighbour.name))
        self.alike.setText(alike(neighbour))
        self.name.setToolTip(f"{neighbour.name}, family {neighbour.family} of the training art")
        self.setAccessibleName(f"{art_title(neighbour.name)}, {alike(neighbour)}")


class NeighboursPanel(Panel):
    """The nearest sprites of the training art, for the sprite on the canvas.

    Args:
        controller: The way to document and model.
        parent: Its owner.

    Attributes:
        verdict: Whether it is a near copy, in a word or two.
        rows: One for each neighbour that may be shown.
        compared: Emitted with the `Neighbours` of another sprite, or None while another model is opened.
    """

    compared = Signal(object)

    def __init__(self, controller: ExploreController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("neighbours-panel")
        self._service = controller.service
        self._sprite: Sprite | None = None
        self._found: Neighbours | None = None
        self._shown_rows = 1
        self._is_placed = False
        self.header = SectionHeader("Nearest art")
        self.verdict = Label(size="small", role="muted")
        self.verdict.setObjectName("copy-verdict")
        self.rows = tuple(NeighbourRow() for _ in range(_ROWS_FROM_PX[0][1]))
        self._body = QWidget()
        self._build()
        self._walk = Walk(_EVERY_MS, self)
        self._walk.due.connect(self._ask)
        self.header.toggled.connect(self._body.setVisible)
        controller.settled.connect(self._on_settled)
        controller.repainted.connect(self.look_at)
        controller.model_changed.connect(self._on_model)
        self._service.compared.connect(self._on_compared)
        self.fit_into(0)
        self._tell()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.header, 1)
        top.addWidget(self.verdict)
        rows = QVBoxLayout(self._body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for row in self.rows:
            rows.addWidget(row)
        self.column.setSpacing(SPACE_PX)
        self.column.addLayout(top)
        self.column.addWidget(self._body)
        self.setToolTip(_ABOUT)
        self.header.setToolTip(_ABOUT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def found(self) -> Neighbours | None:
        """What is shown; None before the first answer."""
        return self._found

    def fit_into(self, column_px: int) -> None:
        """Show as many rows as suit a column of that height; their number does not depend on the sprite."""
        self._shown_rows = next(rows for height_px, rows in _ROWS_FROM_PX if column_px >= height_px)
        for place, row in enumerate(self.rows):
            row.setVisible(place < self._shown_rows)

    # ---- asking ------------------------------------------------------------------------------------

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        self._sprite = decoded.sprite
        self._walk.step()

    @Slot(object)
    def look_at(self, sprite: Sprite) -> None:
        """Tell of another sprite, in a moment."""
        self._sprite = sprite
        self._walk.ask()

    @Slot(object)
    def _on_model(self, _model: LoadedModel) -> None:
        self._found = None
        self._tell()

    @Slot()
    def _ask(self) -> None:
        if self._sprite is not None:
            self._service.request_compare([self._sprite], topic=TOPIC)

    @Slot(object)
    def _on_compared(self, event: Compared) -> None:
        if event.topic == TOPIC:
            (self._found,) = event.neighbours
            self._tell()

    # ---- telling -----------------------------------------------------------------------------------

    def _tell(self) -> None:
        found = self._found
        words = "" if found is None else _NO_DRAWING if found.is_known else _NOT_CARRIED
        nearest = () if found is None else found.nearest
        for place, row in enumerate(self.rows):
            row.show_neighbour(nearest[place] if place < len(nearest) else None, "" if place else words)
        verdict, role = "", "muted"
        if nearest:
            is_copy = found is not None and found.is_near_copy
            verdict, role = ("near copy", "bad") if is_copy else ("a new drawing", "good")
        self.verdict.setText(verdict)
        self.verdict.set_role(role)
        self.verdict.setAccessibleName(f"Copy guard: {verdict}" if verdict else "Copy guard")
        self.verdict.setToolTip(f"{self._sentence()}\n{_ABOUT}")
        self.header.setAccessibleDescription(self._sentence())
        self.compared.emit(found)

    def _sentence(self) -> str:
        found = self._found
        if found is None or not found.nearest:
            return _NOT_CARRIED if found is not None and not found.is_known else _NO_DRAWING
        first = found.nearest[0]
        if found.is_near_copy:
            return f"A near copy of {art_title(first.name)}: {alike(first)}. Change it before you call it your own."
        return f"A new drawing; the nearest is {art_title(first.name)}, {alike(first)}."

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The column that the panel stands in has another height."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.fit_into(watched.height())
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
