"""What is exported: the bookmarks, random sprites, or the sprite on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from lunar_studio.core.events import Decoded
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.number_field import WholeNumberField
from lunar_studio.gui.widgets.panel import Card, Panel
from lunar_studio.session.document import Document
from lunar_studio.session.history import Session
from lunar_studio.session.picture_state import KEYWORD, SpriteState, of_bookmark, of_document, to_text
from lunar_studio.workers.explore_service import Drawn, ExploreService, LoadedModel

Choice = Literal["bookmarks", "random", "current"]

TOPIC = "export"
MAX_RANDOM = 1024
_SETTLE_MS = 250


class SourcePanel(Panel):
    """Three cards, and the fields of random sprites.

    Args:
        session: Whose bookmarks are exported.
        explore: Draws random sprites, and tells of the one on the canvas.
        parent: Its owner.

    Attributes:
        changed: Other sprites would be exported now.
    """

    changed = Signal()

    def __init__(self, session: Session, explore: ExploreService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export-source-panel")
        self._session = session
        self._explore = explore
        self.choice: Choice = "bookmarks"
        self._bookmarks: tuple[Sprite, ...] = ()
        self._random: tuple[Sprite, ...] = ()
        self._random_states: tuple[SpriteState, ...] = ()
        self._asked = (0, "")
        self._model = self._model_name = ""
        if explore.model is not None:
            self._model, self._model_name = explore.model.info.digest, explore.model.info.name
        self._current = None if explore.latest is None else explore.latest.sprite
        self.cards: dict[Choice, Card] = {
            "bookmarks": Card("Bookmarks", "What you kept on the shelf of the Explore page, in its order."),
            "random": Card("Random sprites", "New ones from the model; the same seed gives the same sprites."),
            "current": Card("The sprite on the canvas", "Only the one you see on the Explore page."),
        }
        self.count = WholeNumberField("Number of random sprites", 1, MAX_RANDOM, tip="How many random sprites.")
        self.seed = WholeNumberField("Seed", 0, 2**31 - 1, tip="Another seed, other sprites; the same seed, the same.")
        self.prompt = QLineEdit()
        self.reroll = TextButton("Other ones", icon_name="dice", tip="Take the next seed.")
        self._fields = QWidget()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._build()
        self._connect()
        self._unsubscribe = session.subscribe(self._on_document)
        self._on_document(session.document)
        self.choose("bookmarks" if session.document.bookmarks else "random")

    def _build(self) -> None:
        self.count.setValue(16)
        self.prompt.setPlaceholderText("words, e.g. blue potion")
        self.prompt.setAccessibleName("Words the sprites follow")
        self.prompt.setToolTip("Words the random sprites follow, from the captions the model was trained with.")
        for field in (self.count, self.seed):
            # Without its arrows a spin box with a border has no room for its number.
            field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2 * SPACE_PX)
        rows: tuple[tuple[str, QWidget], ...] = (("How many", self.count), ("Seed", self.seed), ("Words", self.prompt))
        for row, (words, widget) in enumerate(rows):
            grid.addWidget(Label(words, role="muted"), row, 0)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.reroll, 3, 1)
        grid.setColumnStretch(1, 1)
        self.column.addWidget(Label("What", bold=True))
        for choice, card in self.cards.items():
            card.setObjectName(f"export-{choice}")
            card.setToolTip(card.accessibleDescription())
            self.column.addWidget(card)
            if choice == "random":
                inner = QVBoxLayout()
                inner.setContentsMargins(3 * SPACE_PX, 0, 0, SPACE_PX)
                inner.addWidget(self._fields)
                self.column.addLayout(inner)
        self.column.addStretch(1)

    def _connect(self) -> None:
        for card in self.cards.values():
            card.clicked.connect(self._on_card)
        for field in (self.count, self.seed):
            field.valueChanged.connect(self._settle.start)
        self.prompt.textEdited.connect(self._settle.start)
        self.reroll.clicked.connect(self._on_reroll)
        self._settle.timeout.connect(self._draw)
        self._explore.drawn.connect(self._on_drawn)
        self._explore.decoded.connect(self._on_decoded)
        self._explore.loaded.connect(self._on_loaded)

    @property
    def sprites(self) -> tuple[Sprite, ...]:
        """What would be exported now."""
        match self.choice:
            case "bookmarks":
                return self._bookmarks
            case "random":
                return self._random
            case "current":
                return () if self._current is None else (self._current,)

    @property
    def own_texts(self) -> tuple[dict[str, str], ...]:
        """What each of them says of itself in a picture of its own: the way back to it."""
        states: Sequence[SpriteState | None] = ()
        match self.choice:
            case "bookmarks":
                kept = self._session.document.bookmarks
                states = [of_bookmark(one, self._model_name if one.model == self._model else "") for one in kept]
            case "random":
                states = self._random_states
            case "current" if self._current is not None:
                states = [of_document(self._session.document, self._model_name, self._current)]
        return tuple({} if state is None else {KEYWORD: to_text(state)} for state in states)

    def others(self, model: str) -> int:
        """How many of the sprites are known to be drawn by another model than that of the digest `model`."""
        kept = self._session.document.bookmarks if self.choice == "bookmarks" else ()
        return sum(bool(bookmark.model) and bookmark.model != model for bookmark in kept)

    def choose(self, choice: Choice) -> None:
        """Choose one of the cards."""
        self.choice = choice
        for one, card in self.cards.items():
            card.set_chosen(one == choice)
        self._fields.setVisible(choice == "random")
        if choice == "random" and not self._random:
            self._draw()
        self.changed.emit()

    def release(self) -> None:
        """Let go of the session; for a window that closes."""
        self._unsubscribe()

    # ---- what happens elsewhere ------------------------------------------------------------------

    def _on_document(self, document: Document) -> None:
        kept = tuple(Sprite(bookmark.sprite.rgba_HWC, bookmark.name) for bookmark in document.bookmarks)
        if kept != self._bookmarks or [s.name for s in kept] != [s.name for s in self._bookmarks]:
            self._bookmarks = kept
            if self.choice == "bookmarks":
                self.changed.emit()

    @Slot(object)
    def _on_decoded(self, event: Decoded) -> None:
        self._current = event.sprite
        if self.choice == "current":
            self.changed.emit()

    @Slot(object)
    def _on_loaded(self, model: LoadedModel) -> None:
        self._model, self._model_name = model.info.digest, model.info.name
        self._random, self._random_states = (), ()
        if self.choice == "random":
            self._draw()

    @Slot()
    def _draw(self) -> None:
        self._asked = (self.seed.value(), self.prompt.text().strip())
        self._explore.request_random_draw(
            topic=TOPIC, seed=self._asked[0], count=self.count.value(), prompt=self._asked[1]
        )
        self.changed.emit()

    @Slot(object)
    def _on_drawn(self, drawn: Drawn) -> None:
        if drawn.topic != TOPIC:
            return
        width = len(str(len(drawn.sprites)))
        self._random = tuple(
            Sprite(sprite.rgba_HWC, f"sprite-{index:0{width}d}") for index, sprite in enumerate(drawn.sprites, 1)
        )
        seed, prompt = self._asked
        self._random_states = tuple(
            SpriteState(self._model, self._model_name, latent, latent, seed, prompt, pixels=sprite.digest)
            for latent, sprite in zip(drawn.latents, drawn.sprites, strict=True)
        )
        self.changed.emit()

    @Slot()
    def _on_card(self) -> None:
        for choice, card in self.cards.items():
            if card is self.sender():
                self.choose(choice)

    @Slot()
    def _on_reroll(self) -> None:
        self.seed.setValue((self.seed.value() + 1) % 2**31)
