"""The bar over the canvas while an artist's own sprite is on it: how near the model comes, and how it was fitted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label

_PICTURE_PX = 9 * SPACE_PX
MOST_WAYS = 3
"""Ways to fit a sprite that can be offered at once."""


class OwnSpriteBar(QFrame):
    """Her sprite in small, a sentence, the ways to fit it, a button that stops or closes.

    Attributes:
        way_chosen: Emitted with the number of another way to fit it.
        stop_asked: It is near enough.
        close_asked: The bar shall go; the sprite stays.
    """

    way_chosen = Signal(int)
    stop_asked = Signal()
    close_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("own-sprite-bar")
        self.setProperty("role", "card")
        self._sprite: Sprite | None = None
        self._picture = QLabel()
        self._picture.setFixedSize(_PICTURE_PX, _PICTURE_PX)
        self._picture.setToolTip("Your sprite, as the model is given it")
        self._said = Label(wrap=True)
        self._said.setObjectName("own-sprite-said")
        self._fitted = Label(role="muted", size="small", wrap=True)
        self._fitted.setObjectName("own-sprite-fitted")
        self.ways = [TextButton("", role="quiet") for _ in range(MOST_WAYS)]
        self._group = QButtonGroup(self)
        for number, button in enumerate(self.ways):
            button.setObjectName(f"own-sprite-way-{number}")
            button.setAccessibleName(f"Way {number + 1} to fit the sprite")
            button.setToolTip("Bring the sprite to the model's size in another way.")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            self._group.addButton(button, number)
        self._group.idClicked.connect(self.way_chosen)
        self.stop = TextButton("Stop", icon_name="stop", role="quiet", tip="Stay with what has been found so far.")
        self.stop.setObjectName("own-sprite-stop")
        self.stop.clicked.connect(self.stop_asked)
        self.close_button = IconButton("close", "Close", tip="Take this bar away; the sprite stays.")
        self.close_button.setObjectName("own-sprite-close")
        self.close_button.clicked.connect(self.close_asked)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._said)
        words.addWidget(self._fitted)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(words, 1)
        for button in self.ways:
            row.addWidget(button)
        row.addWidget(self.stop)
        row.addWidget(self.close_button)
        self.hide()

    @property
    def said(self) -> str:
        """How near the model comes."""
        return self._said.text()

    @property
    def fitted(self) -> str:
        """What was done to bring the sprite to the model's size; empty if nothing."""
        return self._fitted.text()

    def show_sprite(self, sprite: Sprite, note: str, ways: Sequence[tuple[str, str]], chosen: int) -> None:
        """Begin to speak of a sprite.

        Args:
            sprite: At the model's size.
            note: How it was brought to that size; empty if it was of it.
            ways: Title and note of each way to do that; with less than two there is no choice.
            chosen: Which of them it was.
        """
        self._sprite = sprite
        self._show_picture()
        self._fitted.setText(f"Fitted: {note}." if note else "")
        self._fitted.setVisible(bool(note))
        for number, button in enumerate(self.ways):
            button.setVisible(len(ways) > 1 and number < len(ways))
            if number < len(ways):
                title, words = ways[number]
                button.setText(title)
                button.setToolTip(f"Fit it this way: {words or 'as it is'}.")
                button.setAccessibleName(f"Fit the sprite: {title}")
            button.setChecked(number == chosen)
        self.show()

    def tell(self, words: str, *, is_running: bool) -> None:
        """Say how it goes."""
        self._said.setText(words)
        self.setAccessibleName(f"{words} {self._fitted.text()}".strip())
        self.stop.setVisible(is_running)
        self.close_button.setVisible(not is_running)

    def _show_picture(self) -> None:
        if self._sprite is None:
            return
        ratio = self.devicePixelRatioF()
        side = round(_PICTURE_PX * ratio)
        factor = max(1, side // max(self._sprite.width, self._sprite.height))
        pixmap = pictures.to_pixmap(self._sprite, factor)
        pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setStyleSheet(f"background: {theme.current().sunken};")

    def changeEvent(self, event: QEvent) -> None:
        """The well in the colours of a new theme."""
        if event.type() == QEvent.Type.StyleChange and self.isVisible():
            self._show_picture()
        super().changeEvent(event)
