"""The bar above the canvas: words, seed, spread and the button that re-rolls."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.gui.explore.word_field import WordField
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.number_field import NumberField, WholeNumberField
from lunar_studio.session.document import Document


class RollBar(QWidget):
    """Asks for random sprites.

    Args:
        largest_seed: Of the seed box.
        parent: Its owner.

    Attributes:
        roll_asked: Emitted for a new random seed.
        seed_asked: Emitted with the seed that was typed.
        words_asked: Sprites for the words are wanted.
        field: The prompt box with what the model says about its words.
        words: Where they are typed.
    """

    words_asked = Signal()
    roll_asked = Signal()
    seed_asked = Signal(int)

    def __init__(self, largest_seed: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("roll-bar")
        self.field = WordField()
        self.words = self.field.line
        self.seed = WholeNumberField(
            "Seed", 0, largest_seed, tip="The same seed gives the same sprite. Enter draws it."
        )
        self.seed.setObjectName("seed")
        self.seed.setFixedWidth(26 * SPACE_PX)
        self.spread = NumberField(
            "Spread",
            0.0,
            2.0,
            step=0.05,
            tip="How far random sprites may stray from the usual (temperature, 0 to 2): below 1 tamer, above 1 wilder",
        )
        self.spread.setObjectName("temperature")
        self.spread.setFixedWidth(13 * SPACE_PX)
        self.spread.setValue(1.0)
        self.random = TextButton(
            "Random",
            icon_name="dice",
            role="primary",
            tip="Let the model invent a sprite (Space). Locked sliders stay.",
        )
        self.random.setObjectName("random")
        again = IconButton("seed", "Draw this seed again", tip="Draw this seed again, with the words and spread above")
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self.field, 1)
        row.addWidget(Label("seed", role="muted"))
        row.addWidget(self.seed)
        row.addWidget(again)
        row.addWidget(Label("spread", role="muted"))
        row.addWidget(self.spread)
        row.addWidget(self.random)
        self._row = row
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.field.note)
        self.random.clicked.connect(self.roll_asked)
        self.field.entered.connect(self.words_asked)
        again.clicked.connect(self._on_seed_entered)
        self.seed.lineEdit().returnPressed.connect(self._on_seed_entered)

    def add_tool(self, button: QWidget) -> None:
        """Put a button behind the large one."""
        self._row.addWidget(button)

    def show_document(self, document: Document) -> None:
        """Show what the exploration grew from; a field being typed in is left alone."""
        # A field that is set is painted anew even when nothing is new in it.
        if not self.seed.hasFocus() and self.seed.value() != document.seed:
            self.seed.setValue(document.seed)
        if not self.words.hasFocus() and self.words.text() != document.prompt:
            self.words.setText(document.prompt)
        if not self.spread.hasFocus() and self.spread.value() != document.temperature:
            self.spread.setValue(document.temperature)

    @Slot()
    def _on_seed_entered(self) -> None:
        self.seed.interpretText()
        self.seed_asked.emit(self.seed.value())
