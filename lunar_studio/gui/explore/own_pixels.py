"""The picture that was opened, pixel by pixel, over what the model draws for it: to have the picture itself judged.

A model draws an artist's own sprite nearly, never quite. What it could not draw is painted over, not pinned, so that
the next roll takes it away, and undo at once.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.pixels.regions import differing, patch
from lunar_studio.session.pixel_commands import PatchEdits
from lunar_studio.workers.explore_service import LoadedModel


class OwnPixels(QObject):
    """Remembers the last picture that was opened, and lays it over the model's drawing when asked to.

    Args:
        controller: The way to document and model.
        parent: Its owner.

    Attributes:
        changed: Emitted when there is another picture, or none.
        said: Emitted with a sentence for the status line.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, controller: ExploreController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._picture: Sprite | None = None
        controller.model_changed.connect(self._on_model)

    @property
    def picture(self) -> Sprite | None:
        """The picture, of the model's size; None before one was opened."""
        return self._picture

    def lay(self) -> None:
        """Paint the picture's own pixels wherever the sprite has others, as one step of the history."""
        current, picture = self._controller.current, self._picture
        if current is None or picture is None:
            return
        differs_HW = differing(current.sprite, picture)
        if not differs_HW.any():
            self.said.emit("Every pixel is the picture's own already")
            return
        title = f"Own pixels of {picture.name}" if picture.name else "Own pixels"
        self._controller.end_move()
        self._controller.do(PatchEdits(patch(picture, differs_HW, self._controller.document.edits), title=title))
        self.said.emit(f"{int(differs_HW.sum()):,} pixels are the picture's own now (Ctrl+Z takes them back)")

    @Slot(object)
    def remember(self, picture: Sprite) -> None:
        """A picture was opened, and brought to the model's size."""
        self._picture = picture
        self.changed.emit()

    @Slot(object)
    def _on_model(self, _model: LoadedModel) -> None:
        self._picture = None
        self.changed.emit()
