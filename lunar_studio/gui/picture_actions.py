"""Sprites in and out of the window as pictures: open, drop, paste, copy, and the command that draws one again.

A picture that the studio has saved carries its state; it leads back there, as one step that can be undone. Whatever is
wrong with a state, the picture itself is opened as any other is.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.preferences import Preferences
from lunar_studio.session.overlay_text import Unreadable
from lunar_studio.session.picture_state import (
    KEYWORD,
    MAX_TEXT_BYTES,
    SpriteState,
    from_text,
    of_document,
    to_line,
    to_text,
)

PNG_TYPE = "image/png"


class PictureActions(QObject):
    """Takes pictures into the document, and gives them away.

    Args:
        controller: The way to the document.
        preferences: Says where dialogs begin.
        parent: The window.

    Attributes:
        said: Emitted with a word for the status line.
        begun: Another picture is about to be read; what was said of the one before is over.
    """

    said = Signal(str)
    begun = Signal()

    def __init__(self, controller: ExploreController, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._preferences = preferences
        self._window = parent

    def state(self) -> SpriteState | None:
        """All it takes to get back to what is shown; None where nothing is."""
        controller = self._controller
        if controller.current is None or controller.model is None:
            return None
        return of_document(controller.document, controller.model.info.name, controller.current.sprite)

    # ---- in ------------------------------------------------------------------------------------------

    def ask_for_sprite(self) -> None:
        """Let the artist choose a picture.

        Raises:
            DatasetError: It cannot be read.
        """
        folder = self._preferences.values.text("files.last_sprite_folder")
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open Sprite", folder, "Pictures (*.png *.apng *.gif *.webp *.bmp *.aseprite *.ase)"
        )
        if name:
            self.take_file(Path(name))

    def take_file(self, path: Path) -> None:
        """Read a picture file and make it the current sprite.

        Raises:
            DatasetError: It cannot be read; the runner shows it in the banner.
        """
        self.begun.emit()
        sprite = pictures.read(path)
        self._preferences.set("files.last_sprite_folder", str(path.parent))
        self._take(sprite, pictures.read_bytes(path))

    def paste(self) -> None:
        """Take the clipboard's picture as the current sprite.

        Raises:
            DatasetError: It is larger than any sprite.
        """
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()  # None while nobody owns it
        self.take_pixels(QMimeData() if data is None else data, "pasted sprite")

    def take_pixels(self, data: QMimeData, name: str) -> None:
        """Take a picture that comes without a file as the current sprite.

        Args:
            data: Pasted or dropped.
            name: What it is called.

        Raises:
            DatasetError: It holds no picture, or one larger than any sprite.
        """
        self.begun.emit()
        image = data.imageData()
        sprite = pictures.from_pixels(image if isinstance(image, QImage) else QImage(), name)
        self._take(sprite, bytes(data.data(PNG_TYPE).data()))

    def _take(self, sprite: Sprite, data: bytes) -> None:
        """Go where a picture's state leads; where it has none of use, find its place as that of any picture."""
        try:
            text = pictures.text_of(data, KEYWORD, MAX_TEXT_BYTES)
            state = None if text is None else from_text(text)
        except (Unreadable, ValueError) as exc:
            self._notice(sprite, f"What it says of its origin cannot be used: {exc}.")
            state = None
        if state is None or not self._leads_back(sprite, state):
            self._controller.take_sprite(sprite)

    def _leads_back(self, sprite: Sprite, state: SpriteState) -> bool:
        model = self._controller.model
        if model is None:
            return False
        if state.pixels and state.pixels != sprite.digest:
            self._notice(sprite, "It was changed after the studio had saved it.")
        elif state.model != model.info.digest:
            name = f"“{state.model_name}”" if state.model_name else "another one"
            self._notice(sprite, f"It was made with the model {name}; open that one to get back to its sliders.")
        elif len(state.latent) != model.info.latent_dim:
            self._notice(sprite, "What it says of its origin does not fit its model.")
        else:
            self._controller.go_back_to(state, f"Reopen {sprite.name or 'picture'}")
            return True
        return False

    def _notice(self, sprite: Sprite, why: str) -> None:
        self._controller.noticed.emit(f"{sprite.name or 'The picture'} is opened as a plain picture.", why, "warn")

    # ---- out -----------------------------------------------------------------------------------------

    def copy(self) -> None:
        """Put the sprite on the clipboard at its real size, with the way back to it."""
        current, state = self._controller.current, self.state()
        if current is None:
            return
        data = QMimeData()
        data.setImageData(pictures.to_image(current.sprite))
        if state is not None:
            data.setData(PNG_TYPE, pictures.to_png(current.sprite, {KEYWORD: to_text(state)}))
        QGuiApplication.clipboard().setMimeData(data)
        self.said.emit("Copied")

    def copy_command(self) -> None:
        """Put the command that draws the sprite again on the clipboard."""
        state = self.state()
        if state is not None:
            model = self._preferences.values.text("files.last_model")
            words = ["lunar-studio", "draw", to_line(state), "--out", "sprite.png"]
            QGuiApplication.clipboard().setText(shlex.join([*words, *(["--model", model] if model else [])]))
            self.said.emit("Command line copied")
