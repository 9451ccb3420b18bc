"""The strip under the canvas: random sprites, variations of the one shown, or what was found elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QWidget

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.thumb_row import ThumbRow
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.scaled_slider import ScaledSlider
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.workers.explore_service import Drawn

StripMode = Literal["random", "variations", "offered"]
"""What is shown; `offered` is what another view has found."""

COUNT = 24
"""Sprites drawn at once; as many are shown as there is room for."""

_SETTLE_MS = 250
_HINT = "Click to take it; undo brings the other back. Drag it onto the Mix pad or to Teach; right-click for more."


class StripPanel(Panel):
    """A row of sprites to take.

    Attributes:
        wanted: Emitted with the mode and the strength when sprites shall be drawn.
        taken: Emitted with the `Latent` of the sprite that was clicked, and the mode.
        mix_asked: Emitted with the `Latent` and the `Sprite` that shall be mixed.
        teach_asked: Emitted with `more` or `less`, and the `Latent` and `Sprite` of an example.
        again_asked: Others of what was offered shall be found.
        carried: Emitted with the thumbnail of the sprite that the hand has lifted.
        lifted: That sprite, or None before there was one.
    """

    wanted = Signal(str, float)
    taken = Signal(object, str)
    mix_asked = Signal(object, object)
    teach_asked = Signal(str, object, object)
    again_asked = Signal()
    carried = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip-panel")
        self.mode: StripMode = "random"
        self._latents: tuple[Latent, ...] = ()
        self._sprites: list[Sprite] = []
        self._offered: tuple[Latent, ...] = ()
        self._can_renew = False
        self.lifted: tuple[Latent, Sprite] | None = None
        self._random = TextButton("Random", role="quiet", tip="Sprites the model invents, with the words above")
        self._variations = TextButton(
            "Variations", role="quiet", tip="Sprites like the one on the canvas; locked sliders stay"
        )
        self._offer = TextButton("", role="quiet", tip="What was found last; click one to take it")
        self._offer.setObjectName("strip-offered")
        self._offer.setAccessibleName("What was found last")
        self._offer.hide()
        self._offer.clicked.connect(self._on_offered)
        modes = QButtonGroup(self)
        for button in (self._random, self._variations, self._offer):
            button.setCheckable(True)
            button.setAutoExclusive(True)
            modes.addButton(button)
        self._random.setChecked(True)
        self._random.clicked.connect(self._on_random)
        self._variations.clicked.connect(self._on_variations)
        self.strength = ScaledSlider()
        self.strength.setObjectName("strength")
        self.strength.setAccessibleName("Strength of variations")
        self.strength.setToolTip("How far variations stray from the sprite on the canvas")
        self.strength.setRange(5, 150)
        self.strength.setValue(50)
        self.strength.setFixedWidth(120)
        self._strength_label = Label("strength", role="muted")
        self.again = TextButton("Draw again", icon_name="dice", role="quiet")
        self.again.setObjectName("strip-again")
        self.again.clicked.connect(self._on_again)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.ask)
        self.strength.valueChanged.connect(self._settle.start)
        self._build_head()
        self._build_row()
        self._show_mode()
        self.setMinimumHeight(26 * SPACE_PX)

    def _build_head(self) -> None:
        self._head = row = QHBoxLayout()
        row.setSpacing(SPACE_PX)
        for button in (self._random, self._variations, self._offer):
            row.addWidget(button)
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(self._strength_label)
        row.addWidget(self.strength)
        row.addStretch(1)
        row.addWidget(self.again)
        self.column.addLayout(row)

    def _build_row(self) -> None:
        self._row = ThumbRow(COUNT)
        self.thumbs = self._row.thumbs
        for thumb in self.thumbs:
            thumb.clicked.connect(self._on_clicked)
            thumb.lifted.connect(self._on_lifted)
            thumb.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            thumb.customContextMenuRequested.connect(self._on_menu)
            thumb.setEnabled(False)
        self.column.addWidget(self._row, 1)

    def show_drawn(self, drawn: Drawn) -> None:
        """Show what was drawn, if it is for the mode that is on."""
        if drawn.topic != self.mode:
            return
        self._latents = drawn.latents
        self._sprites = []
        self._put(drawn.sprites, drawn.scores)

    def _put(
        self,
        sprites: Sequence[Sprite],
        scores: Sequence[Score],
        notes: Sequence[str] = (),
        badges: Sequence[str] = (),
    ) -> None:
        """Show more sprites behind those that are shown."""
        if sprites:
            self._row.set_sprite_px(sprites[0].width)
        free = self.thumbs[len(self._sprites) :]
        for index, (thumb, sprite, score) in enumerate(zip(free, sprites, scores, strict=False)):
            thumb.set_sprite(sprite)
            judged = not math.isnan(score.value)
            own = badges[index] if index < len(badges) else ""
            thumb.set_badge(own or (f"{score.value:.0f}" if judged else ""))
            said = "Nothing to see. " if sprite.is_empty else ""
            said += f"Score {score.value:.0f}. " if judged else ""
            note = f"{notes[index]}. " if index < len(notes) else ""
            thumb.setToolTip(f"{note}{said}{_HINT}")
            thumb.setEnabled(True)
        self._sprites += sprites

    def offer(self, title: str, latents: Sequence[Latent], *, can_renew: bool = False) -> None:
        """Make room for what was found elsewhere; `put_offered` brings the sprites.

        Args:
            title: What the mode is called from now on.
            latents: In the order of the sprites that will come.
            can_renew: Whether others of the kind can be drawn; `again_asked` asks for them.
        """
        self._can_renew = can_renew
        self._offered = tuple(latents[:COUNT])
        self._offer.setText(title)
        self._offer.show()
        self._offer.setChecked(True)
        self.mode = "offered"
        self._show_mode()
        self._begin_offer()

    def offer_again(
        self,
        latents: Sequence[Latent],
        sprites: Sequence[Sprite],
        scores: Sequence[Score],
        notes: Sequence[str],
        badges: Sequence[str],
    ) -> None:
        """What was offered has grown, and may stand in another order; it is seen if the offer is on show."""
        self._offered = tuple(latents[:COUNT])
        if self.mode == "offered":
            self._latents, self._sprites = self._offered, []
            self._put(sprites, scores, notes, badges)

    @property
    def offered_title(self) -> str:
        """What was offered last."""
        return self._offer.text()

    def _begin_offer(self) -> None:
        self._latents, self._sprites = self._offered, []
        for thumb in self.thumbs:
            thumb.set_sprite(None)
            thumb.set_badge("")
            thumb.setToolTip("")
            thumb.setEnabled(False)

    def put_offered(
        self,
        start: int,
        sprites: Sequence[Sprite],
        scores: Sequence[Score],
        notes: Sequence[str] = (),
        badges: Sequence[str] = (),
    ) -> None:
        """Show some of what was offered.

        Args:
            start: Number of the first of them; nothing happens unless it is the next that is missing.
            sprites: What to show.
            scores: One for each.
            notes: What their tooltips begin with.
            badges: What stands in their corners in place of the score.
        """
        if self.mode == "offered" and start == len(self._sprites):
            self._put(sprites, scores, notes, badges)

    @Slot()
    def ask(self) -> None:
        """Ask for sprites of the mode that is on."""
        self._settle.stop()
        self.wanted.emit(self.mode, self.strength.number)

    def on_sprite_changed(self) -> None:
        """The sprite on the canvas is another: variations follow once it rests."""
        if self.mode == "variations":
            self._settle.start()

    def _show_mode(self) -> None:
        can_renew = self.mode != "offered" or self._can_renew
        self.again.setEnabled(can_renew)
        self.again.setToolTip(
            "Draw others of this kind; what you have is kept." if can_renew else "There is only one answer to this."
        )
        for widget in (self._strength_label, self.strength):
            widget.setVisible(self.mode == "variations")

    @Slot()
    def _on_again(self) -> None:
        if self.mode == "offered":
            self.again_asked.emit()
        else:
            self.ask()

    @Slot()
    def _on_random(self) -> None:
        self.mode = "random"
        self._show_mode()
        self.ask()

    @Slot()
    def _on_variations(self) -> None:
        self.mode = "variations"
        self._show_mode()
        self.ask()

    @Slot()
    def _on_offered(self) -> None:
        self.mode = "offered"
        self._show_mode()
        self.ask()

    @Slot(QPoint)
    def _on_menu(self, point: QPoint) -> None:
        thumb = self.sender()
        if not isinstance(thumb, SpriteThumb):
            return
        index = self.thumbs.index(thumb)
        if index >= min(len(self._latents), len(self._sprites)):
            return
        menu = QMenu(thumb)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        take, mix = menu.addAction("Take as the Sprite"), menu.addAction("Add to Mix")
        more, less = menu.addAction("Teach: Has More"), menu.addAction("Teach: Has Less")
        picked = menu.exec(thumb.mapToGlobal(point))
        if picked in (more, less):
            kind = "more" if picked is more else "less"
            self.teach_asked.emit(kind, self._latents[index], self._sprites[index])
        elif picked is take:
            self.taken.emit(self._latents[index], self.mode)
        elif picked is mix:
            self.mix_asked.emit(self._latents[index], self._sprites[index])

    @Slot()
    def _on_lifted(self) -> None:
        index = self.thumbs.index(self.sender())  # type: ignore[arg-type]
        if index < min(len(self._latents), len(self._sprites)):
            self.lifted = (self._latents[index], self._sprites[index])
            self.carried.emit(self.thumbs[index])

    @Slot()
    def _on_clicked(self) -> None:
        index = self.thumbs.index(self.sender())  # type: ignore[arg-type]
        if index < len(self._latents):
            self.taken.emit(self._latents[index], self.mode)

    def ideal_height(self) -> int:
        """Height at which one row of thumbnails fits exactly, given the width."""
        edges = self.column.contentsMargins()
        room = self.width() - edges.left() - edges.right()
        above = edges.top() + self._head.sizeHint().height() + self.column.spacing()
        return above + self._row.ideal_height(room) + edges.bottom()
