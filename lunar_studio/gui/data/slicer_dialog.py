"""Cut a sheet: the grid that was found, dragged right by handles or numbers, every step undoable."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.errors import LunarError
from lunar_studio.gui.data.slicer_view import SlicerView
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.number_field import WholeNumberField
from lunar_studio.pixels.slicing import MAX_CELL_PX, SliceSpec, slice_sheet
from lunar_studio.workers.data_service import Sheet

_FIELDS = (
    ("width", "Cell width", 1),
    ("height", "Cell height", 1),
    ("margin_x", "Margin left", 0),
    ("margin_y", "Margin top", 0),
    ("spacing_x", "Spacing across", 0),
    ("spacing_y", "Spacing down", 0),
)
_SIZE_PX = (1100, 680)


class SlicerDialog(QDialog):
    """How one sheet is cut.

    Args:
        opened: The picture, and the cut that shows in it, where the dialog begins.
        begin: The cut chosen before, in place of it.
        parent: Its owner.

    Attributes:
        chosen: The artist is content; emitted with the file's path and the cut as text, empty for not cutting.
        view: The sheet with its cut.
        fields: Spin boxes by field of `SliceSpec`.
    """

    chosen = Signal(str, str)

    def __init__(self, opened: Sheet, begin: SliceSpec | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        sheet, found = opened.picture, opened.found
        self._path = opened.path
        self.setObjectName("slicer-dialog")
        self.setWindowTitle(f"Cut {sheet.name}")
        self.resize(*_SIZE_PX)
        self._sheet, self._found = sheet, found
        self._steps: list[SliceSpec] = [begin or found]
        self._at = 0
        self.view = SlicerView()
        self.view.set_sheet(sheet)
        self.fields = {
            name: WholeNumberField(title, least, MAX_CELL_PX, tip=f"{title}, in pixels")
            for name, title, least in _FIELDS
        }
        self.undo_button = TextButton("Undo", icon_name="undo", tip="Take the last step back (Ctrl+Z)")
        self.redo_button = TextButton("Redo", icon_name="redo", tip="Make it again (Ctrl+Y)")
        self.find_button = TextButton("Find the grid", icon_name="grid", tip="Back to what was found in the sheet")
        self.whole_button = TextButton("Do not cut", tip="Take the picture as one sprite")
        self.words = Label(role="muted", wrap=True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._build()
        self._connect()
        self._show()

    @property
    def cut(self) -> SliceSpec:
        """What is chosen at this moment."""
        return self._steps[self._at]

    def _build(self) -> None:
        area = QScrollArea()
        area.setWidget(self.view)
        area.setAccessibleName("The sheet")
        area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        grid = QGridLayout()
        grid.setSpacing(SPACE_PX)
        for row, (name, title, _least) in enumerate(_FIELDS):
            grid.addWidget(Label(title), row, 0)
            grid.addWidget(self.fields[name], row, 1)
        side = QVBoxLayout()
        side.setSpacing(2 * SPACE_PX)
        side.addLayout(grid)
        side.addWidget(
            Label("Drag the squares for margin and size, the dots for spacing.", size="small", role="muted", wrap=True)
        )
        side.addWidget(self.words)
        side.addWidget(self.find_button)
        side.addWidget(self.whole_button)
        steps = QHBoxLayout()
        steps.addWidget(self.undo_button)
        steps.addWidget(self.redo_button)
        side.addLayout(steps)
        zoom = QHBoxLayout()
        for words, icon, change in (("Smaller", "zoom-out", self._zoom_out), ("Larger", "zoom-in", self._zoom_in)):
            button = TextButton(words, icon_name=icon, tip=f"{words} by a whole step")
            button.clicked.connect(change)
            zoom.addWidget(button)
        side.addLayout(zoom)
        side.addStretch(1)
        for standard in self._buttons.buttons():
            standard.setIcon(QIcon())  # the style's own are not drawn on our grid
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Cut it so")
        side.addWidget(self._buttons)
        row_layout = QHBoxLayout(self)
        row_layout.setSpacing(3 * SPACE_PX)
        row_layout.addWidget(area, 1)
        row_layout.addLayout(side)

    def _connect(self) -> None:
        self.view.dragged.connect(self._on_dragged)
        self.view.released.connect(self._take)
        for field in self.fields.values():
            field.valueChanged.connect(self._on_typed)
        self.undo_button.clicked.connect(self.undo)
        self.redo_button.clicked.connect(self.redo)
        self.find_button.clicked.connect(self._on_find)
        self.whole_button.clicked.connect(self._on_whole)
        self._buttons.accepted.connect(self._on_accepted)
        self._buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence.StandardKey.Undo, self, self.undo)
        QShortcut(QKeySequence("Ctrl+Y"), self, self.redo)

    @Slot()
    def _on_accepted(self) -> None:
        is_whole = self.cut == SliceSpec(self._sheet.width, self._sheet.height)
        self.chosen.emit(self._path, "" if is_whole else str(self.cut))
        self.accept()

    # ---- steps -----------------------------------------------------------------------------------

    @Slot(object)
    def _take(self, cut: SliceSpec) -> None:
        """One step; what was undone is forgotten."""
        if cut != self.cut:
            self._steps[self._at + 1 :] = [cut]
            self._at += 1
        self._show()

    @Slot()
    def undo(self) -> None:
        """One step back."""
        self._at = max(0, self._at - 1)
        self._show()

    @Slot()
    def redo(self) -> None:
        """One step forward again."""
        self._at = min(len(self._steps) - 1, self._at + 1)
        self._show()

    @Slot()
    def _on_find(self) -> None:
        self._take(self._found)

    @Slot()
    def _on_whole(self) -> None:
        self._take(SliceSpec(self._sheet.width, self._sheet.height))

    @Slot()
    def _on_typed(self) -> None:
        self._take(replace(self.cut, **{name: field.value() for name, field in self.fields.items()}))

    @Slot(object)
    def _on_dragged(self, cut: SliceSpec) -> None:
        self._show_numbers(cut)

    @Slot()
    def _zoom_in(self) -> None:
        self.view.set_zoom(self.view.zoom + 1)

    @Slot()
    def _zoom_out(self) -> None:
        self.view.set_zoom(self.view.zoom - 1)

    # ---- showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        self.view.set_cut(self.cut)
        self._show_numbers(self.cut)
        self.undo_button.setEnabled(self._at > 0)
        self.redo_button.setEnabled(self._at < len(self._steps) - 1)
        try:
            sprites = len(slice_sheet(self._sheet, self.cut))
            words, role = f"{sprites:,} sprite{'' if sprites == 1 else 's'}, empty cells left out.", "muted"
        except LunarError as error:
            words, role = f"{error.message} {error.hint}", "warn"
        self.words.setText(words)
        self.words.set_role(role)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(role == "muted")

    def _show_numbers(self, cut: SliceSpec) -> None:
        for name, field in self.fields.items():
            with QSignalBlocker(field):
                field.setValue(getattr(cut, name))
