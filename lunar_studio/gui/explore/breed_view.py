"""The Breed view: a grid of variations, how they are bred, and the tree of generations under it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.gui.explore.breed_grid import BreedGrid
from lunar_studio.gui.explore.generation_tree import GenerationTree
from lunar_studio.gui.explore.share_choice import ShareChoice
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.scaled_slider import ScaledSlider
from lunar_studio.session.breeding import BreedingTree, Share

_TIPS: Mapping[Share, str] = {
    "all": "Colours and shape may differ from the parents. Locked sliders stay.",
    "colours": "Only colours may differ; the shape is a parent's own. Locked sliders stay.",
    "shape": "Only the shape may differ; the colours are a parent's own. Locked sliders stay.",
}
_SIDES = (4, 5, 6, 7, 8)
_FIRST_SIDE = 6
_WEAKEST, _STRONGEST, _FIRST_STRENGTH = 5, 150, 40
_TREE_PX = 30 * SPACE_PX


class BreedView(QWidget):
    """Shows a tree of generations and asks for the next.

    Args:
        parent: Its owner.

    Attributes:
        begin_asked: Variations of the sprite on the canvas are wanted.
        breed_asked: The next generation from the marked is wanted.
        again_asked: Another generation from the same parents is wanted.
        grid: The children.
        tree: The generations.
        shares: What may differ.
        strength: How far children stray.
    """

    begin_asked = Signal()
    breed_asked = Signal()
    again_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("breed-view")
        self.grid = BreedGrid()
        self.tree = GenerationTree()
        self._marked = 0
        self._build_controls()
        self._lay_out()
        self.show_tree(BreedingTree())

    def _build_controls(self) -> None:
        self.begin = TextButton(
            "From the sprite", icon_name="sprite", role="quiet", tip="Begin a new branch: variations of the sprite"
        )
        self.begin.setObjectName("breed-begin")
        self.again = TextButton("Again", icon_name="dice", role="quiet", tip="Other children of the same parents")
        self.again.setObjectName("breed-again")
        self.breed = TextButton("Breed", icon_name="breed", role="primary")
        self.breed.setObjectName("breed-next")
        self.strength = ScaledSlider()
        self.strength.setObjectName("breed-strength")
        self.strength.setAccessibleName("Strength")
        self.strength.setToolTip("How far children stray from their parents: a little at the left, wildly at the right")
        self.strength.setRange(_WEAKEST, _STRONGEST)
        self.strength.setValue(_FIRST_STRENGTH)
        self.strength.setFixedWidth(24 * SPACE_PX)
        self.side = QComboBox()
        self.side.setObjectName("breed-size")
        self.side.setAccessibleName("Size of the grid")
        self.side.setToolTip("How many children each generation has")
        for side in _SIDES:
            self.side.addItem(f"{side * side} sprites", side)
        self.side.setCurrentIndex(_SIDES.index(_FIRST_SIDE))
        self.shares = ShareChoice("breed-share", _TIPS)
        self.said = Label(role="muted", size="small")
        self.begin.clicked.connect(self.begin_asked)
        self.again.clicked.connect(self.again_asked)
        self.breed.clicked.connect(self.breed_asked)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        row.addWidget(self.begin)
        row.addSpacing(SPACE_PX)
        row.addWidget(self.shares)
        row.addSpacing(SPACE_PX)
        row.addWidget(Label("strength", role="muted"))
        row.addWidget(self.strength)
        row.addWidget(self.side)
        row.addStretch(1)
        row.addWidget(self.again)
        row.addWidget(self.breed)
        scroll = QScrollArea()
        scroll.setObjectName("generation-scroll")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.tree)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFixedHeight(_TREE_PX)
        scroll.viewport().setAutoFillBackground(False)
        self._scroll = scroll
        self.tree.shown_at.connect(self._on_shown_at)
        self.tree.setAutoFillBackground(False)
        bred = QWidget()
        below = QVBoxLayout(bred)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(SPACE_PX)
        below.addWidget(self.grid, 1)
        below.addWidget(self.said)
        below.addWidget(scroll)
        self._empty = EmptyState(
            "breed",
            "Breed sprites",
            "See many variations of the sprite at once. Mark those you like: they are the parents of the next "
            "generation. Every generation stays, so that you can go back and try another branch.",
            "Vary This Sprite",
        )
        self._empty.setObjectName("breed-empty")
        self._empty.acted.connect(self.begin_asked)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(bred)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(row)
        column.addWidget(self._stack, 1)

    # ---- what is chosen ----------------------------------------------------------------------------

    @property
    def share(self) -> Share:
        """What may differ."""
        return self.shares.share

    @property
    def count(self) -> int:
        """Children of the next generation."""
        return int(self.side.currentData()) ** 2

    @property
    def spread(self) -> float:
        """Standard deviation of a random step, in standard deviations of the training art."""
        return self.strength.number

    # ---- what is shown -----------------------------------------------------------------------------

    def show_tree(self, tree: BreedingTree) -> None:
        """Show where in the tree the artist is."""
        shown = tree.shown
        # Whoever began or bred by the keyboard goes on with the children.
        goes_on = shown is not None and any(one is not None and one.hasFocus() for one in self._beginners)
        self.tree.show_tree(tree)
        self._stack.setCurrentIndex(0 if shown is None else 1)
        self.setFocusProxy(self.begin if shown is None else self.grid)
        self._marked = 0 if shown is None else len(shown.kept)
        self.grid.set_marked(() if shown is None else shown.kept)
        self.again.setEnabled(shown is not None)
        self.breed.setEnabled(self._marked > 0)
        self.breed.setText(f"Breed {self._marked}" if self._marked > 1 else "Breed")
        self.breed.setToolTip(
            "The next generation, from the marked"
            if self._marked
            else "Mark one sprite or more first: they are the parents of the next generation"
        )
        self.say("")
        if goes_on:
            self.grid.setFocus()

    @property
    def _beginners(self) -> tuple[QWidget | None, ...]:
        return self.begin, self.breed, self._empty.button

    @Slot(QPoint)
    def _on_shown_at(self, point: QPoint) -> None:
        self._scroll.ensureVisible(point.x(), point.y(), _TREE_PX // 2, _TREE_PX // 4)

    @Slot(str)
    def say(self, words: str) -> None:
        """Say something under the grid; empty says what can be done."""
        hint = "Click to mark parents · double-click takes one as the sprite · K keeps it on the shelf"
        if self._marked:
            several = "1 parent" if self._marked == 1 else f"{self._marked} parents"
            hint = f"{several} marked: Breed makes the next generation · double-click takes one as the sprite"
        self.said.setText(words or hint)
