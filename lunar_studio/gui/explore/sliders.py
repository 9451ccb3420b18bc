"""Which sliders there are, and what a pull, a lock, a pin or a name does to the document."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QObject, Slot

from lunar_studio.core.latent import Direction, raw_directions
from lunar_studio.session.commands import LockSlider, MoveSlider, PinSlider, RenameSlider, ResetAll, ResetSlider
from lunar_studio.session.document import Document
from lunar_studio.session.history import Session
from lunar_studio.session.teaching import TaughtSlider
from lunar_studio.workers.explore_service import LoadedModel


class Sliders(QObject):
    """The directions of the open model and the artist's own, and the commands that move along them.

    Args:
        session: The document and its history.
        parent: Its owner.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._of_model: tuple[Direction, ...] = ()
        self._taught: tuple[TaughtSlider, ...] = ()
        self._by_id: dict[str, Direction] = {}

    # ---- which there are ---------------------------------------------------------------------------

    @property
    def directions(self) -> tuple[Direction, ...]:
        """What sliders move along but for raw numbers: the model's, then the artist's own."""
        return (*self._of_model, *(slider.as_direction() for slider in self._taught))

    def direction(self, direction_id: str) -> Direction:
        """The direction of that id.

        Raises:
            KeyError: The open model has none.
        """
        return self._by_id[direction_id]

    @property
    def locked(self) -> tuple[Direction, ...]:
        """Directions of the locked sliders that the open model has."""
        held = sorted(self._session.document.locked)
        return tuple(self._by_id[key] for key in held if key in self._by_id)

    @property
    def locked_ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(direction.id for direction in self.locked)

    def for_children(self, held: Collection[str]) -> tuple[Direction, ...]:
        """What children grow along, and the raw numbers among those that may not move."""
        known = [self._by_id[key] for key in held if key in self._by_id]
        return (*self.directions, *(direction for direction in known if direction.group == "raw"))

    def set_model(self, model: LoadedModel) -> None:
        """Know the sliders of another model, and none of the artist's own."""
        self._of_model, self._taught = model.directions, ()
        known = (*raw_directions(model.info.latent_dim), *model.directions)
        self._by_id = {direction.id: direction for direction in known}

    def take_own(self, document: Document) -> None:
        """Know the sliders that the artist has made; they come and go with undo."""
        if document.taught is not self._taught:
            for slider in self._taught:
                self._by_id.pop(slider.id, None)
            self._taught = document.taught
            self._by_id.update({slider.id: slider.as_direction() for slider in document.taught})

    # ---- what is done with them --------------------------------------------------------------------

    @Slot(str, float)
    def move(self, direction_id: str, position: float) -> None:
        """Move a slider; moves of one slider are one step until the merge is ended."""
        direction, document = self._by_id[direction_id], self._session.document
        if document.latent is not None:
            command = MoveSlider(direction, position, document.slider_name(direction))
            self._session.do(command, merge=f"slider/{direction_id}")

    @Slot(str)
    def reset(self, direction_id: str) -> None:
        """Move a slider back to where the exploration began."""
        direction, document = self._by_id[direction_id], self._session.document
        if document.latent is not None:
            self._session.do(ResetSlider(direction, document.slider_name(direction)))

    @Slot()
    def reset_all(self) -> None:
        """Move every slider back that is not locked."""
        if self._session.document.anchor is not None:
            self._session.do(ResetAll(self.locked))

    @Slot(str, bool)
    def lock(self, direction_id: str, locked: bool) -> None:
        """Lock a slider, or unlock it."""
        self._session.do(LockSlider(direction_id, locked, self._name(direction_id)))

    @Slot(str, bool)
    def pin(self, direction_id: str, pinned: bool) -> None:
        """Keep a slider above all others, or let it go back to its group."""
        self._session.do(PinSlider(direction_id, pinned, self._name(direction_id)))

    @Slot(str, str)
    def rename(self, direction_id: str, name: str) -> None:
        """Give a slider the artist's own name; empty gives its own back."""
        own = self._by_id[direction_id].name
        self._session.do(RenameSlider(direction_id, "" if name == own else name))

    def _name(self, direction_id: str) -> str:
        return self._session.document.slider_name(self._by_id[direction_id])
