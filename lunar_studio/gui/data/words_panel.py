"""What the artist says of the sprite that is chosen: caption and tags, and who made the art of its folder."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.workers.data_service import Credit, Notes, SpriteNote

_LONGEST = 400


class WordsPanel(QWidget):
    """Fields for one file and its folder; what is typed is kept at once.

    Attributes:
        edited: Something was typed; emitted with the new `Notes`.
        cut_requested: The sheet shall be cut; emitted with the file's path.
    """

    edited = Signal(object)
    cut_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("words-panel")
        self.notes = Notes()
        self._path = ""
        self._name = ElidedLabel()
        self._folder = ElidedLabel(role="muted", size="small")
        self.caption = self._field("Caption", "as its name or table says")
        self.tags = self._field("Tags", "words, with commas between")
        self.author = self._field("Author", "who drew the art of this folder")
        self.licence = self._field("Licence", "CC0, CC-BY 4.0, my own…")
        self.link = self._field("Link", "where it came from")
        self.cut_button = TextButton(
            "Cut this sheet…", icon_name="grid", tip="See the grid over the sheet and drag it right"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE_PX, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self._name)
        for field in (self.caption, self.tags):
            column.addWidget(Label(field.accessibleName(), size="small", role="muted"))
            column.addWidget(field)
        column.addWidget(self.cut_button)
        column.addSpacing(2 * SPACE_PX)
        column.addWidget(Label("Who made it", bold=True))
        column.addWidget(self._folder)
        for field in (self.author, self.licence, self.link):
            column.addWidget(Label(field.accessibleName(), size="small", role="muted"))
            column.addWidget(field)
        column.addWidget(
            Label(
                "Kept beside your data sets, never in your folders. It goes into the data set, and with the model.",
                size="small",
                role="muted",
                wrap=True,
            )
        )
        column.addStretch(1)
        self.cut_button.clicked.connect(self._on_cut)
        self.show_file("", Notes())

    def _field(self, name: str, hint: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        field.setMaxLength(_LONGEST)
        field.editingFinished.connect(self._on_edited)
        return field

    @property
    def folder(self) -> str:
        """Folder of the file on show; empty for the top."""
        return self._path.rpartition("/")[0]

    def show_file(self, path: str, notes: Notes) -> None:
        """Show what is said of one file; without a path there is nothing to type into."""
        self._path, self.notes = path, notes
        note, credit = notes.of(path), notes.credits.get(self.folder, Credit())
        self._name.set_text(path or "Choose a sprite to say something of it.")
        self._folder.set_text(f"Everything in {self.folder or 'the whole source'}" if path else "")
        self.caption.setText(note.caption)
        self.tags.setText(", ".join(note.tags))
        self.author.setText(credit.author)
        self.licence.setText(credit.licence)
        self.link.setText(credit.link)
        for widget in (self.caption, self.tags, self.author, self.licence, self.link, self.cut_button):
            widget.setEnabled(bool(path))

    @Slot()
    def _on_edited(self) -> None:
        if not self._path:
            return
        tags = tuple(dict.fromkeys(word.strip() for word in self.tags.text().split(",") if word.strip()))[:100]
        old = self.notes.of(self._path)
        said = SpriteNote(caption=self.caption.text().strip(), tags=tags, cut=old.cut)
        credit = Credit(
            folder=self.folder,
            author=self.author.text().strip(),
            licence=self.licence.text().strip(),
            link=self.link.text().strip(),
        )
        notes = self.notes.with_sprite(self._path, said).with_credit(credit)
        if notes != self.notes:
            self.notes = notes
            self.edited.emit(notes)

    @Slot()
    def _on_cut(self) -> None:
        self.cut_requested.emit(self._path)
