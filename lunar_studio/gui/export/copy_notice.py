"""A warning above the Export button: which sprites are near copies of the training art. It forbids nothing."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QWidget

from lunar_studio.core.neighbours import Compared
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.export.source_panel import SourcePanel
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.explore_service import ExploreService, LoadedModel

TOPIC = "export-copies"
_SETTLE_MS = 300
_LISTED = 3


def notice(names: list[str], count: int) -> str:
    """What is said of near copies among `count` sprites; empty for none."""
    if not names:
        return ""
    listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")
    are, them = ("is a near copy", "it") if len(names) == 1 else ("are near copies", "them")
    return f"{len(names):,} of {count:,} {are} of the training art: {listed}. Change {them} before you publish."


class CopyNotice(Label):
    """Says which of the sprites that would be exported are near copies; hidden while none is known to be.

    Args:
        source: What would be exported.
        explore: Compares sprites with the model's art.
        parent: Its owner.
    """

    def __init__(self, source: SourcePanel, explore: ExploreService, parent: QWidget | None = None) -> None:
        super().__init__("", parent, size="small", role="bad", wrap=True)
        self.setObjectName("copy-notice")
        self.setToolTip(
            "Compared as drawings, wherever they stand, mirrored or not, in whatever colours. "
            "You can export them all the same."
        )
        self._source = source
        self._explore = explore
        self._asked: tuple[Sprite, ...] = ()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SETTLE_MS)
        self._soon.timeout.connect(self._ask)
        source.changed.connect(self._on_changed)
        explore.loaded.connect(self._on_loaded)
        explore.compared.connect(self._on_compared)
        self._tell("")
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        if self._source.sprites != self._asked:
            # What was said is of other sprites.
            self._tell("")
            self._soon.start()

    @Slot(object)
    def _on_loaded(self, _model: LoadedModel) -> None:
        self._tell("")
        self._soon.start()

    @Slot()
    def _ask(self) -> None:
        self._asked = self._source.sprites
        if self._asked:
            self._explore.request_compare(self._asked, topic=TOPIC)

    @Slot(object)
    def _on_compared(self, event: Compared) -> None:
        if event.topic != TOPIC or event.sprites != self._source.sprites:
            return
        copies = [
            sprite.name or "the sprite"
            for sprite, found in zip(event.sprites, event.neighbours, strict=True)
            if found.is_near_copy
        ]
        self._tell(notice(copies, len(event.sprites)))

    def _tell(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
