"""The panel of sliders: sections for shape, colour, the artist's own and raw numbers, with a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.core.latent import Direction, DirectionGroup, raw_directions
from lunar_studio.gui.explore.groove_strip import GrooveStrip
from lunar_studio.gui.explore.latent_slider import ROW_PX, LatentSlider
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.search_field import SearchField
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.gui.widgets.tab_order import follow_each_other
from lunar_studio.session.document import Document
from lunar_studio.workers.explore_service import LoadedModel

Group = DirectionGroup | Literal["pinned"]
"""A section: one of the model's groups, or what the artist has pinned above them."""

_TITLES: dict[Group, tuple[str, str]] = {
    "pinned": ("Pinned", "Sliders that you want at hand. Shift+Down, or a right-click, lets one go back to its group."),
    "shape": ("Shape", "What the sprite is: its outline, parts and pose."),
    "colour": ("Colour", "The sprite's palette before all; how much of the shape stays depends on the model."),
    "yours": ("Yours", "Sliders you have made."),
    "raw": ("Raw numbers", "Every single number of the latent. Few of them mean anything on their own."),
}
_MOST_FOUND = 40
_MORE_PX = 8 * SPACE_PX
_WEIGHTS: dict[Group, tuple[int, int]] = {"shape": (5, 4), "colour": (3, 2), "yours": (3, 2)}
"""How groups share the rows that are in view: their parts, and how many each gets even where there is no room."""


class SliderSection(QWidget):
    """One group of sliders, folded or not, the first few or more of them.

    Args:
        group: Which.
        directions: Largest share first.
        shown: How many are shown at most before "show more"; `fit` may say fewer.
        parent: Its owner.

    Attributes:
        slider_made: Emitted with a `LatentSlider` that has just been built.
        filled: Sliders have been built, or others of them are shown.
    """

    slider_made = Signal(object)
    filled = Signal()

    def __init__(
        self, group: Group, directions: Sequence[Direction], shown: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        title, tip = _TITLES[group]
        self.setObjectName(f"section/{group}")
        self.group = group
        self._directions = directions
        self._step = max(1, shown)
        self._wanted = shown
        self._grown = False
        self.sliders: list[LatentSlider] = []
        self.header = SectionHeader(title, note=str(len(directions)))
        self.header.setToolTip(tip)
        self.header.setChecked(group != "raw")
        self.header.toggled.connect(self._on_toggled)
        self._body = QWidget()
        self._rows = QVBoxLayout(self._body)
        self._rows.setContentsMargins(0, 0, 0, SPACE_PX)
        self._rows.setSpacing(0)
        self._more = TextButton("Show more", role="quiet", tip="Show the next sliders of this group")
        self._more.clicked.connect(self._on_more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self._body)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.setVisible(self.header.isChecked())

    def __len__(self) -> int:
        """How many sliders there could be."""
        return len(self._directions)

    @property
    def state(self) -> tuple[bool, bool, int]:
        """Whether it is unfolded, whether more was asked for, and how many are wanted."""
        return self.header.isChecked(), self._grown, self._wanted

    def restore(self, state: tuple[bool, bool, int]) -> None:
        """Go on as another section of the group was; `fill` shows it."""
        self.header.setChecked(state[0])
        self._grown, self._wanted = state[1], state[2] if state[1] else self._wanted

    def fit(self, rows: int) -> None:
        """Show so many sliders, unless the artist has asked for more."""
        rows = min(rows, self._step)
        if not self._grown and rows != self._wanted:
            self._wanted = rows
            self.fill()

    def fill(self) -> None:
        """Build the sliders that are wanted and not there yet; nothing while folded."""
        unfolded = self.header.isChecked()
        if unfolded:
            for direction in self._directions[len(self.sliders) : self._wanted]:
                slider = LatentSlider(direction)
                slider.set_pinned(self.group == "pinned")
                self.sliders.append(slider)
                self._rows.addWidget(slider)
                self.slider_made.emit(slider)
        for place, slider in enumerate(self.sliders):
            slider.setVisible(place < self._wanted)
        left = len(self._directions) - min(self._wanted, len(self._directions))
        self._body.setVisible(unfolded)
        self._more.setVisible(unfolded and left > 0)
        more = f"Show {min(left, self._step)} more"
        self._more.setText(more if left <= self._step else f"{more} of {left}")
        self.filled.emit()

    @property
    def tab_order(self) -> tuple[QWidget, ...]:
        """What Tab goes through, from top to bottom."""
        return (self.header, *self.sliders, self._more)

    @Slot()
    def _on_toggled(self) -> None:
        self.fill()

    @Slot()
    def _on_more(self) -> None:
        self._grown = True
        self._wanted += self._step
        self.fill()


class LatentPanel(Panel):
    """All sliders of the open model.

    Args:
        shown: Sliders of each group shown at first.
        parent: Its owner.

    Attributes:
        moved: As of `LatentSlider`, for any slider.
        move_ended: As of `LatentSlider`.
        reset_asked: As of `LatentSlider`.
        lock_asked: As of `LatentSlider`.
        pin_asked: As of `LatentSlider`.
        rename_asked: As of `LatentSlider`.
        reset_all_asked: The button that resets all was pressed.
        pointed: Emitted with the `LatentSlider` that the mouse or the keyboard came to.
        rearranged: Other sliders may be in view now.
        strip: What lies along the slider pointed at.
    """

    moved = Signal(str, float)
    move_ended = Signal()
    reset_asked = Signal(str)
    lock_asked = Signal(str, bool)
    pin_asked = Signal(str, bool)
    rename_asked = Signal(str, str)
    reset_all_asked = Signal()
    pointed = Signal(object)
    rearranged = Signal()

    def __init__(self, shown: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("latent-panel")
        self._shown = shown
        self._directions: tuple[Direction, ...] = ()
        self._document = Document()
        self._raised: tuple[str, ...] = ()
        self._sections: list[SliderSection] = []
        self._found: list[LatentSlider] = []
        tip = "Back to where this exploration began (Ctrl+R)"
        self.search, self._reset = SearchField("Find a slider"), IconButton("reset", "Reset all sliders", tip=tip)
        self._add_search()
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, SPACE_PX, 0)
        self._column.setSpacing(SPACE_PX)
        self._nothing = Label(
            "No slider of that name. Raw numbers are called z0, z1 and so on.", role="muted", wrap=True
        )
        self._column.addWidget(self._nothing)
        self._nothing.hide()
        self._welcome = Label("Sliders for shape and colour appear here when a model is open.", role="muted", wrap=True)
        self._column.addWidget(self._welcome)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("slider-list")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # sliders scroll into view by themselves
        scroll.setWidget(self._list)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        self._list.setAutoFillBackground(False)
        self.column.addWidget(scroll, 1)
        self._scroll = scroll
        scroll.installEventFilter(self)
        self.search.installEventFilter(self)
        scroll.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        scroll.verticalScrollBar().rangeChanged.connect(self._on_scrolled)
        self.strip = GrooveStrip()
        self.column.addWidget(self.strip)
        self.pointed.connect(self.strip.show_slider)
        self.setMinimumWidth(280)

    def _add_search(self) -> None:
        search = self.search
        search.setObjectName("slider-search")
        search.setToolTip("Type part of a slider's name, or a raw number such as z17; Down goes to the first.")
        search.textChanged.connect(self._on_search)
        self._reset.clicked.connect(self.reset_all_asked)
        row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        row.addWidget(search, 1)
        row.addWidget(self._reset)
        self.column.addLayout(row)

    # ---- state -------------------------------------------------------------------------------------

    @property
    def sliders(self) -> tuple[LatentSlider, ...]:
        """Every slider that has been built, search results last."""
        return (*(slider for section in self._sections for slider in section.sliders), *self._found)

    @property
    def sliders_in_view(self) -> tuple[LatentSlider, ...]:
        """Those of which at least a part can be seen now."""
        return tuple(one for one in self.sliders if one.isVisible() and not one.visibleRegion().isEmpty())

    @property
    def is_held(self) -> bool:
        """Whether a hand is on a slider."""
        return any(slider.isSliderDown() for slider in self.sliders)

    def section(self, group: Group) -> SliderSection:
        """The section of that group.

        Raises:
            KeyError: The model has no direction in it.
        """
        for section in self._sections:
            if section.objectName() == f"section/{group}":
                return section
        raise KeyError(group)

    def set_model(self, model: LoadedModel) -> None:
        """Build the sections of another model."""
        self._welcome.hide()
        found = [direction for direction in model.directions if direction.group != "raw"]
        self._directions = (*found, *raw_directions(model.info.latent_dim))
        self._build({})

    def _build(self, states: Mapping[Group, tuple[bool, bool, int]]) -> None:
        """Build the sections anew, folded and grown as they were where `states` knows that."""
        self.strip.show_slider(None)
        for old in self._sections:
            for slider in old.sliders:
                slider.setObjectName("")  # the new ones are called so before these are gone
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._sections = []
        self._raised = tuple(one.id for one in self._directions if one.id in self._document.raised)
        for group in _TITLES:
            directions = [one for one in self._directions if self._group_of(one) == group]
            if directions:
                shown = len(directions) if group == "pinned" else self._shown
                section = SliderSection(group, directions, shown)
                section.slider_made.connect(self._on_slider_made)
                section.filled.connect(self._order_tabs)
                if group in states:
                    section.restore(states[group])
                self._sections.append(section)
                self._column.insertWidget(1 + len(self._sections), section)
        self._share_rows()
        for section in self._sections:
            section.fill()
        self._on_search(self.search.text())

    def _group_of(self, direction: Direction) -> Group:
        return "pinned" if direction.id in self._raised else direction.group

    def _raise(self) -> None:
        """Other sliders are pinned; the keyboard stays with the slider that it was at."""
        here = next((one.direction.id for one in self.sliders if one.hasFocus()), "")
        self._build({section.group: section.state for section in self._sections})
        again = next((one for one in self.sliders if one.direction.id == here), None)
        if again is not None:
            again.setFocus()

    def _share_rows(self) -> None:
        """Let every group begin with as many sliders as are in view without scrolling."""
        sharing = [section for section in self._sections if section.group in _WEIGHTS]
        heads = sum(section.header.sizeHint().height() + SPACE_PX for section in self._sections)
        above = ROW_PX * len(self._raised) + 2 * SPACE_PX if self._raised else 0
        room = self._scroll.height() - heads - above - _MORE_PX * len(sharing)
        rows = max(0, room) // ROW_PX
        wanted = {section.group: min(len(section), _WEIGHTS[section.group][1]) for section in sharing}
        left = rows - sum(wanted.values())
        while left > 0 and (open_ones := [part for part in sharing if wanted[part.group] < len(part)]):
            # The group that is furthest below its part comes next.
            least = min(open_ones, key=lambda part: wanted[part.group] / _WEIGHTS[part.group][0])
            wanted[least.group] += 1
            left -= 1
        for section in sharing:
            section.fit(wanted[section.group])

    @Slot()
    def _order_tabs(self) -> None:
        """Let Tab go through the sliders as they stand, though some were built later than what stands below them."""
        sections = (widget for section in self._sections for widget in section.tab_order)
        follow_each_other((self.search, self._reset, *self._found, *sections))

    def go_to_first(self) -> None:
        """Give the first slider that can be seen the keyboard."""
        if seen := self.sliders_in_view:
            min(seen, key=lambda one: one.mapTo(self, one.rect().topLeft()).y()).setFocus(Qt.FocusReason.TabFocusReason)

    def go_to(self, direction_id: str) -> None:
        """Give a slider the keyboard, whatever was searched for before; nothing happens where it is folded away."""
        self.search.clear()
        for slider in self.sliders:
            if slider.direction.id == direction_id and slider.isVisibleTo(self):
                slider.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another height: another number of rows is in view. Down leads from the search to what it found."""
        if watched is self.search and isinstance(event, QKeyEvent):
            is_down = event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Down
            if is_down:
                self.go_to_first()
            return is_down
        if watched is self._scroll and event.type() == QEvent.Type.Resize:
            self._share_rows()
            self.show_document(self._document)
        return super().eventFilter(watched, event)

    def show_document(self, document: Document) -> None:
        """Put every slider where the document stands."""
        is_raised_otherwise = document.raised is not self._document.raised
        self._document = document
        if is_raised_otherwise and set(self._raised) != {one.id for one in self._directions} & document.raised:
            self._raise()
        self._list.setEnabled(document.latent is not None)
        for slider in self.sliders:
            if slider.isVisibleTo(self._list):
                self._show_slider(slider)
        self.strip.follow()

    def _show_slider(self, slider: LatentSlider) -> None:
        document, direction = self._document, slider.direction
        # A document of another model can be seen for a moment while one is being opened.
        if document.latent is None or len(document.latent) != len(direction.axis_L):
            return
        anchor = None if document.anchor is None else direction.position(document.anchor)
        position = direction.position(document.latent)
        slider.show_state(position, anchor, document.slider_name(direction), direction.id in document.locked)

    @Slot(object)
    def _on_slider_made(self, slider: LatentSlider) -> None:
        slider.moved.connect(self.moved)
        slider.move_ended.connect(self.move_ended)
        slider.reset_asked.connect(self.reset_asked)
        slider.lock_asked.connect(self.lock_asked)
        slider.pin_asked.connect(self.pin_asked)
        slider.rename_asked.connect(self.rename_asked)
        slider.pointed.connect(self._on_pointed)
        self._show_slider(slider)
        self.rearranged.emit()

    @Slot()
    def _on_pointed(self) -> None:
        self.pointed.emit(self.sender())

    @Slot()
    def _on_scrolled(self) -> None:
        self.rearranged.emit()

    @Slot(str)
    def _on_search(self, text: str) -> None:
        for slider in self._found:
            if self.strip.slider is slider:
                self.strip.show_slider(None)
            self._column.removeWidget(slider)
            slider.setObjectName("")  # the next search may find the same before this one is gone
            slider.hide()
            slider.deleteLater()
        self._found = []
        words = text.strip().casefold()
        for section in self._sections:
            section.setVisible(not words)
        if words:
            matching = [
                direction
                for direction in self._directions
                if words in self._document.slider_name(direction).casefold() or words == direction.id
            ]
            for index, direction in enumerate(matching[:_MOST_FOUND]):
                slider = LatentSlider(direction, self._list)
                slider.setObjectName(f"found/{direction.id}")
                slider.set_pinned(direction.id in self._raised)
                self._found.append(slider)
                self._column.insertWidget(2 + len(self._sections) + index, slider)
                slider.show()
                self._on_slider_made(slider)
            self._order_tabs()
        else:
            self.show_document(self._document)
        self._nothing.setVisible(bool(words) and not self._found and bool(self._directions))
