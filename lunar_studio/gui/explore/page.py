"""The Explore page: shelf and canvas at the left, the strip under them, sliders and teacher at the right."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio.core.events import Decoded
from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.blaming import Blaming
from lunar_studio.gui.explore.breed_view import BreedView
from lunar_studio.gui.explore.breeding import Breeding
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.canvas_tools import CanvasTools
from lunar_studio.gui.explore.carrying import Carrying
from lunar_studio.gui.explore.centre_views import CentreViews
from lunar_studio.gui.explore.controller import LARGEST_SEED, ExploreController, RollPart
from lunar_studio.gui.explore.following import Following
from lunar_studio.gui.explore.groove_watch import GrooveWatch
from lunar_studio.gui.explore.improve_panel import ImprovePanel
from lunar_studio.gui.explore.improving import Improving
from lunar_studio.gui.explore.latent_panel import LatentPanel
from lunar_studio.gui.explore.lint_panel import LintPanel
from lunar_studio.gui.explore.map_panel import MapPanel
from lunar_studio.gui.explore.mapping import Mapping
from lunar_studio.gui.explore.mix_view import MixView
from lunar_studio.gui.explore.mixing import Mixing
from lunar_studio.gui.explore.neighbours_panel import NeighboursPanel
from lunar_studio.gui.explore.offering import Offering
from lunar_studio.gui.explore.own_pixels import OwnPixels
from lunar_studio.gui.explore.own_sprite import OwnSprite
from lunar_studio.gui.explore.own_sprite_bar import OwnSpriteBar
from lunar_studio.gui.explore.painting import TOOLS, Painting
from lunar_studio.gui.explore.right_column import RightColumn
from lunar_studio.gui.explore.roll_bar import RollBar
from lunar_studio.gui.explore.shelf_panel import ShelfPanel
from lunar_studio.gui.explore.shelving import Shelving
from lunar_studio.gui.explore.strip_panel import COUNT, StripPanel
from lunar_studio.gui.explore.teach_panel import TeachPanel
from lunar_studio.gui.explore.teacher_panel import TeacherPanel
from lunar_studio.gui.explore.teaching import Teaching
from lunar_studio.gui.explore.tool_strip import ToolStrip
from lunar_studio.gui.explore.wording import Wording
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import ActionButton
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.splitters import splitter
from lunar_studio.session.document import Document
from lunar_studio.workers.critic_service import CriticService
from lunar_studio.workers.explore_service import Drawn, LoadedModel

_PANELS = ("shelf", "strip", "sliders")
_ON_CANVAS = ("blame", "worst-pixel", "improve", "before-after", *(f"tool-{tool}" for tool in TOOLS if tool != "hand"))
"""Actions that show something on the canvas, and bring it into view."""

_TAKEN = {"random": "Take random sprite", "variations": "Take variation"}
"""Lines of the history, by what the strip showed."""

_SHELF_PX = 59 * SPACE_PX
_RIGHT_PX = 87 * SPACE_PX


class ExplorePage(QWidget):
    """Plays with a model.

    Args:
        controller: The way to document and model.
        actions: The window's, for the tool buttons.
        slider_count: Sliders of each group shown at first.
        parent: Its owner.

    Attributes:
        open_asked: The button of the empty page was pressed.
        presented: As of `Canvas`: a decoded sprite and its score are on the screen.
        views: What the middle shows; further views are added here.
        canvas: The sprite.
        latents: The sliders.
        grooves: Paints along sliders what lies there, while nothing else is to do.
        teacher: The score.
        lint: What rules of the craft say.
        neighbours: What the training art holds that is like the sprite.
        right: Sliders, score and side matters.
        shelf: Bookmarks and history.
        shelving: Keeps sprites there, and goes back to them.
        strip: Random sprites or variations.
        roll_bar: Words, seed, spread.
        painting: What the brush does.
        brushes: Tools and colours.
        following: Makes the rest of the sprite follow pinned pixels.
        blaming: Shows which pixels cost the score.
        improving: Looks for versions that score higher.
        breed: A grid of variations.
        breeding: What the grid does.
        map: The art laid out, alike beside alike.
        mapping: What the map does.
        mix: Sprites on a pad.
        mixing: What the pad does.
        offering: Brings what other views have found into the strip.
        wording: Draws for words.
        own_bar: Tells how near the model comes to an artist's own sprite.
        own_sprite: Finds its place.
        teach: Examples for a slider.
        teaching: Makes sliders of examples.
        carrying: Takes sprites that are dragged from shelf and strip to where they are dropped.
    """

    open_asked = Signal()
    presented = Signal(int)

    def __init__(
        self, controller: ExploreController, actions: ActionSet, slider_count: int = 12, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("explore-page")
        self._controller = controller
        self.views = CentreViews(actions)
        self.canvas = Canvas()
        self.tools = CanvasTools(actions)
        self.brushes = ToolStrip(actions)
        self.painting = Painting(controller, self.canvas, self)
        self.following = Following(controller, controller.service, self)
        self.roll_bar = RollBar(LARGEST_SEED)
        self.shelf = ShelfPanel(controller.session)
        self.shelving = Shelving(controller, self)
        self.strip = StripPanel()
        self.latents = LatentPanel(slider_count)
        self.grooves = GrooveWatch(controller, self.latents, self)
        self.teacher = TeacherPanel()
        self.lint = LintPanel(controller, self.canvas)
        self.neighbours = NeighboursPanel(controller)
        critic = CriticService(controller.service, self)
        self.improve = ImprovePanel()
        self.own_pixels = OwnPixels(controller, self)
        self.blaming = Blaming(controller, critic, self.canvas, self)
        self.improving = Improving(controller, critic, self.canvas, self.improve, self)
        self.breed = BreedView()
        self.breeding = Breeding(controller, self.breed, self.shelving, self)
        self.map = MapPanel()
        self.mapping = Mapping(controller, self.map, self.shelving, self)
        self.mix = MixView()
        self.mixing = Mixing(controller, self.mix, self)
        self.offering = Offering(controller, self.strip, self)
        self.wording = Wording(controller, self.roll_bar, self.offering, self)
        self.own_bar = OwnSpriteBar()
        self.own_sprite = OwnSprite(controller, self.own_bar, self)
        self.own_sprite.fitted.connect(self.own_pixels.remember)
        self.teach = TeachPanel()
        self.teaching = Teaching(controller, self.teach, self.latents, self)
        self.carrying = Carrying(controller.session, self.shelf.grid, self.strip, self.mixing, self.teaching, self)
        for action_id in ("roll-colours", "roll-shape"):
            self.roll_bar.add_tool(ActionButton(actions[action_id]))
        for action_id in ("blame", "improve"):
            self.teacher.add_tool(ActionButton(actions[action_id]))
        self._position = controller.session.position
        self._document = controller.document
        self._sprite: Sprite | None = None
        self._empty = EmptyState(
            "moon",
            "Open a model to begin",
            "A model draws sprites of the art it was trained on. Open one, or train your own in the Train tab.",
            "Open Model…",
        )
        self._empty.acted.connect(self.open_asked)
        self._waiting = EmptyState("moon", "Opening the model…", "The first sprite is here in a moment.")
        self._follow(actions["re-roll"])
        self._lay_out()
        for action_id in _ON_CANVAS:
            actions[action_id].triggered.connect(self._show_sprite)
        self._connect()
        self._is_laid_out = False

    def _lay_out(self) -> None:
        centre = Panel()
        centre.setObjectName("canvas-panel")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.canvas)
        self._stack.addWidget(self._waiting)
        sprite = QWidget()
        column = QVBoxLayout(sprite)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(centre.column.spacing())
        column.addWidget(self.roll_bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.brushes)
        column.addWidget(self.tools)
        centre.column.addWidget(self.own_bar)
        centre.column.addWidget(self.views, 1)
        sprite.setFocusProxy(self.canvas)
        for view_id, widget, tip in (
            ("sprite", sprite, "The sprite itself: look, paint, pin."),
            ("breed", self.breed, "Many variations; mark some, and breed on from them."),
            ("mix", self.mix, "Two to four sprites on a pad, and everything between them."),
            ("map", self.map, "All the art, alike beside alike: click to go there, draw routes."),
        ):
            self.views.add(view_id, view_id.capitalize(), view_id, widget, tip)
        self.right = RightColumn(self.latents, self.improve, self.teach, self.teacher, self.lint, self.neighbours)
        self._upper = splitter("upper-splitter", Qt.Orientation.Horizontal, self.shelf, centre, stretch=1)
        self._left = splitter("left-splitter", Qt.Orientation.Vertical, self._upper, self.strip, stretch=0)
        self._outer = splitter("outer-splitter", Qt.Orientation.Horizontal, self._left, self.right, stretch=0)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_PX, 0, SPACE_PX, 0)
        column.addWidget(self._outer)

    def _follow(self, roll: QAction) -> None:
        """Without a model there is nothing to roll."""
        for widget in (self.roll_bar, self.strip):
            widget.setEnabled(roll.isEnabled())
            roll.enabledChanged.connect(widget.setEnabled)

    def _connect(self) -> None:
        controller, latents = self._controller, self.latents
        latents.moved.connect(controller.sliders.move)
        latents.move_ended.connect(controller.end_move)
        latents.reset_asked.connect(controller.sliders.reset)
        latents.lock_asked.connect(controller.sliders.lock)
        latents.rename_asked.connect(controller.sliders.rename)
        latents.reset_all_asked.connect(controller.sliders.reset_all)
        latents.strip.taken.connect(self._on_stop_taken)
        self.roll_bar.roll_asked.connect(self.roll)
        self.roll_bar.seed_asked.connect(self.roll_seed)
        self.shelf.grid.chosen.connect(self.shelving.go_to)
        self.shelf.grid.remove_asked.connect(self.shelving.remove)
        self.shelf.grid.rename_asked.connect(self.shelving.rename)
        self.shelf.grid.tags_asked.connect(self.shelving.tag)
        latents.pin_asked.connect(controller.sliders.pin)
        self.shelf.step_chosen.connect(controller.session.go_to)
        self.improving.opened.connect(self._on_improving)
        self.improving.version_shown.connect(self._on_version)
        self.improving.version_hidden.connect(self._on_version_hidden)
        self.teaching.opened.connect(self._on_teaching)
        self.mix.pad.dropped.connect(self.carrying.mix)
        self.teach.more.dropped.connect(self.carrying.teach_more)
        self.teach.less.dropped.connect(self.carrying.teach_less)
        self.mapping.offered.connect(self.offering.offer)
        self.strip.wanted.connect(self._on_strip_wanted)
        self.strip.taken.connect(self._on_strip_taken)
        self.strip.mix_asked.connect(self.mixing.add)
        self.strip.teach_asked.connect(self.teaching.add_found)
        self.shelf.grid.teach_asked.connect(self.teaching.add_bookmark)
        self.shelf.grid.mix_asked.connect(self.mixing.add_bookmark)
        self.mixing.added.connect(self._show_mix)
        self.mixing.offered.connect(self.offering.offer)
        self.canvas.presented.connect(self.presented)
        self.canvas.zoomed.connect(self.tools.show_zoom)
        self.canvas.space_tapped.connect(self.roll)
        self.views.changed.connect(self._on_view)
        self.teacher.preview_clicked.connect(self._show_sprite)
        self.painting.colour_changed.connect(self.brushes.show_colour)
        self.brushes.palette_strip.picked.connect(self.painting.set_colour)
        self.brushes.mixed.connect(self.painting.mix)
        controller.document_changed.connect(self._on_document)
        controller.model_changed.connect(self._on_model)
        controller.loading_changed.connect(self._on_loading)
        controller.shown.connect(self._on_shown)
        controller.settled.connect(self._on_settled)
        controller.repainted.connect(self._on_repainted)
        controller.before_changed.connect(self._on_before)
        controller.drawn.connect(self._on_drawn)

    @property
    def controller(self) -> ExploreController:
        """The way to document and model."""
        return self._controller

    # ---- what the window asks ------------------------------------------------------------------------

    @Slot()
    def roll(self) -> None:
        """A new random sprite, with the words and the spread in the bar."""
        self._controller.roll(prompt=self.roll_bar.words.text(), temperature=self.roll_bar.spread.value())

    def roll_colours(self) -> None:
        """Other colours for the same shape, with the words and the spread in the bar."""
        self._roll_part("colours")

    def roll_shape(self) -> None:
        """Another shape in the same colours, with the words and the spread in the bar."""
        self._roll_part("shape")

    def _roll_part(self, part: RollPart) -> None:
        words, spread = self.roll_bar.words.text(), self.roll_bar.spread.value()
        self._controller.roll(prompt=words, temperature=spread, part=part)

    @Slot(int)
    def roll_seed(self, seed: int) -> None:
        """The sprite of a seed, with the words and the spread in the bar."""
        self._controller.roll(seed, prompt=self.roll_bar.words.text(), temperature=self.roll_bar.spread.value())

    def set_panel_visible(self, name: str, visible: bool) -> None:
        """Show or hide `shelf`, `strip` or `sliders`.

        Raises:
            KeyError: There is no such panel.
        """
        self._panel(name).setVisible(visible)

    def is_panel_visible(self, name: str) -> bool:
        """Whether a panel is shown.

        Raises:
            KeyError: There is no such panel.
        """
        return not self._panel(name).isHidden()

    def _panel(self, name: str) -> QWidget:
        return {"shelf": self.shelf, "strip": self.strip, "sliders": self.right}[name]

    def layout_state(self) -> str:
        """Sizes of the splitters and what is hidden, as text for the settings."""
        states = [bytes(part.saveState().toBase64().data()).decode() for part in self._splitters()]
        hidden = ",".join(name for name in _PANELS if not self.is_panel_visible(name))
        return ";".join([*states, hidden])

    def restore_layout(self, state: str) -> None:
        """Bring back what `layout_state` gave; text that makes no sense is ignored."""
        parts = state.split(";")
        if len(parts) != len(self._splitters()) + 1:
            return
        for part, text in zip(self._splitters(), parts, strict=False):
            part.restoreState(QByteArray.fromBase64(text.encode("ascii", "ignore")))
        for name in _PANELS:
            self.set_panel_visible(name, name not in parts[-1].split(","))
        self._is_laid_out = True

    @Slot()
    def reset_layout(self) -> None:
        """Every panel back where it was at first: the canvas gets what the others do not need."""
        for name in _PANELS:
            self.set_panel_visible(name, True)
        self._outer.setSizes([max(1, self.width() - _RIGHT_PX), _RIGHT_PX])
        self._upper.setSizes([_SHELF_PX, max(1, self._left.width() - _SHELF_PX)])
        strip = self.strip.ideal_height()
        self._left.setSizes([max(1, self._left.height() - strip), strip])

    def _splitters(self) -> tuple[QSplitter, QSplitter, QSplitter]:
        return self._outer, self._left, self._upper

    # ---- what the controller tells ---------------------------------------------------------------------

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        if self._controller.session.position != self._position:
            self._position = self._controller.session.position
            self.teacher.begin_step()
            self.canvas.set_onion(self._sprite)
        before, self._document = self._document, document
        self.shelf.show_document(document)
        # A stroke of the pencil changes nothing that a slider shows, and asks sixty times a second.
        if replace(document, edits=before.edits) != before or before.latent is None:
            self.latents.show_document(document)
            self.roll_bar.show_document(document)
            self.brushes.palette_strip.show_mixed(document.palette)
        if document.edits != before.edits:
            self._show_edits(document)

    def _show_edits(self, document: Document) -> None:
        self.brushes.show_edits(document.edits)
        pins, model = document.edits.pinned, self._controller.model
        side = 0 if model is None else model.info.image_size
        self.canvas.set_pins(pins.mask(side, side) if len(pins) else None)

    @Slot(bool)
    def _on_loading(self, loading: bool) -> None:
        if self._controller.current is None:
            self._stack.setCurrentWidget(self._waiting if loading else self._empty)

    @Slot(object)
    def _on_model(self, model: LoadedModel) -> None:
        self.latents.set_model(model)
        self.canvas.set_zoom(None)
        self.latents.show_document(self._controller.document)
        self.roll_bar.show_document(self._controller.document)
        self._on_document(self._controller.document)

    @Slot(object)
    def _on_shown(self, decoded: Decoded) -> None:
        first = self._stack.currentWidget() is not self.canvas
        self.canvas.set_sprite(decoded.sprite, decoded.generation)
        if self.improving.found is None:  # else the meter speaks of the version that is looked at
            self.teacher.show_value(decoded.score)
        self._sprite = decoded.sprite
        self.teacher.show_sprite(decoded.sprite)
        if first:
            self.teacher.show_experts(decoded.score)  # they take room: nothing jumps a frame later
            self._stack.setCurrentWidget(self.canvas)
            self.strip.ask()
        self.tools.show_zoom(self.canvas.zoom)
        self.strip.on_sprite_changed()

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        if self.improving.found is None:
            self.teacher.show_experts(decoded.score)
        self._show_colours()

    @Slot(object)
    def _on_repainted(self, sprite: Sprite) -> None:
        self.canvas.set_sprite(sprite, None)
        self._sprite = sprite
        self.teacher.show_sprite(sprite)
        self._show_colours()

    def _show_colours(self) -> None:
        self.brushes.palette_strip.show_sprite(self._sprite)
        if not self.painting.is_colour_chosen:
            self.brushes.show_colour(self.painting.colour)
        self.tools.show_count(len(self.brushes.palette_strip.colours))

    @Slot(object)
    def _on_before(self, sprite: Sprite | None) -> None:
        self.canvas.set_before(sprite)

    @Slot(object)
    def _on_drawn(self, drawn: Drawn) -> None:
        self.strip.show_drawn(drawn)

    @Slot(bool)
    def _on_improving(self, opened: bool) -> None:
        """The panel stands where the sliders stand, and heat would hide what it shows."""
        self.right.show_upper("improve" if opened else "sliders")
        self.blaming.set_paused(opened)
        (self.improve.start if opened else self.canvas).setFocus()

    @Slot(object, object, object)
    def _on_version(self, sprite: Sprite, score: Score, before: Score) -> None:
        """Meter, lint and copy guard speak of what is on the canvas."""
        self.teacher.show_version(score, before.value)
        self.lint.look_at(sprite)
        self.neighbours.look_at(sprite)

    @Slot()
    def _on_version_hidden(self) -> None:
        current = self._controller.current
        if current is not None:
            self.teacher.show_score(current.score)
            self.lint.look_at(current.sprite)
            self.neighbours.look_at(current.sprite)

    @Slot(bool)
    def _on_teaching(self, opened: bool) -> None:
        """The panel stands where the sliders stand; one thing at a time."""
        if opened:
            self.improving.close()
            self.set_panel_visible("sliders", True)
        self.right.show_upper("teach" if opened else "sliders")
        (self.teach.name if opened else self.canvas).setFocus()

    @Slot(str, float)
    def _on_stop_taken(self, direction_id: str, position: float) -> None:
        self._controller.sliders.move(direction_id, position)
        self._controller.end_move()

    @Slot()
    def _show_sprite(self) -> None:
        self.views.show_view("sprite")

    @Slot()
    def _show_mix(self) -> None:
        self.views.show_view("mix")

    @Slot(str)
    def _on_view(self, view_id: str) -> None:
        """The right column always speaks of the current sprite; where the canvas is not in view, it shows it too."""
        self.teacher.set_preview_visible(view_id != "sprite")

    @Slot(str, float)
    def _on_strip_wanted(self, mode: str, strength: float) -> None:
        seed = self._controller.new_seed()
        if mode == "random":
            self._controller.draw_random(seed=seed, count=COUNT, topic=mode)
        elif mode == "variations":
            self._controller.draw_variations(strength=strength, seed=seed, count=COUNT, topic=mode)

    @Slot(object, str)
    def _on_strip_taken(self, latent: Latent, mode: str) -> None:
        document = self._controller.document
        title = _TAKEN.get(mode, "Take sprite")
        seed, prompt = self.wording.origin(latent) or (document.seed, document.prompt)
        self._controller.begin(latent, title, seed=seed, prompt=prompt)

    def showEvent(self, event: QShowEvent) -> None:
        """The first time, when sizes are known: the layout of a new user."""
        super().showEvent(event)
        if not self._is_laid_out:
            self._is_laid_out = True
            QTimer.singleShot(0, self.reset_layout)
