"""The Export page: what, how, where; the sheet as it will be; what was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.core.credits import credits_text
from lunar_studio.core.events import Failure
from lunar_studio.gui.export.copy_notice import CopyNotice
from lunar_studio.gui.export.sheet_view import SheetView, square_columns
from lunar_studio.gui.export.source_panel import Choice, SourcePanel
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.gui.widgets.labels import ElidedLabel, Label, counted
from lunar_studio.gui.widgets.number_field import WholeNumberField
from lunar_studio.gui.widgets.panel import Card, Panel
from lunar_studio.session.history import Session
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.export_service import ExportService

_SIDE_PX = 68 * SPACE_PX
_MAX_COLUMNS = 256
_DEFAULT_NAME = "sprites"
_EMPTY: tuple[tuple[Choice, str, str, str, str], ...] = (
    (
        "bookmarks",
        "bookmark",
        "No bookmarks yet",
        "Press K on the Explore page to keep a sprite. What you keep is exported from here.",
        "Go to Explore",
    ),
    ("random", "dice", "Inventing sprites", "They appear here as soon as the model has drawn them.", ""),
    ("current", "image", "The canvas is empty", "Roll a sprite on the Explore page first.", "Go to Explore"),
)


class FormatCard(NamedTuple):
    """A format as the page shows it.

    Attributes:
        id: What the export service is told.
        title: Its name.
        suffix: Of the main file, with the dot; empty for a format that writes a folder.
        description: What it is good for.
    """

    id: str
    title: str
    suffix: str
    description: str


class ExportPage(QWidget):
    """From sprites to files.

    Args:
        export: Writes.
        explore: Draws random sprites.
        session: Whose bookmarks are exported.
        formats: What can be written, the first chosen: (id, title, suffix, description) each.
        exports_dir: Folder that is suggested.
        parent: Its owner.

    Attributes:
        explore_requested: The artist wants to go and make sprites.
    """

    explore_requested = Signal()

    def __init__(
        self,
        export: ExportService,
        explore: ExploreService,
        session: Session,
        formats: Sequence[tuple[str, str, str, str]],
        exports_dir: Path,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export-page")
        self._export = export
        self._explore = explore
        self._formats = tuple(FormatCard(*one) for one in formats)
        self._format = self._formats[0]
        self._written: tuple[Path, ...] = ()
        self.banner = Banner()
        self.source = SourcePanel(session, explore)
        self.copies = CopyNotice(self.source, explore)
        self.sheet = SheetView()
        self.columns = WholeNumberField(
            "Columns", 0, _MAX_COLUMNS, tip="Sprites in a row; 0 makes it as square as can be."
        )
        self.frames = QCheckBox("Frames")
        self.credits = QCheckBox("Credits of the training art")
        self.cards = {one.id: Card(one.title, one.description) for one in self._formats}
        self.destination = QLineEdit(str(exports_dir / f"{_DEFAULT_NAME}{self._format.suffix}"))
        self.browse_button = IconButton("folder", "Choose where to write", tip="Choose folder and name.")
        self.export_button = TextButton("Export", role="primary", icon_name="export")
        self.open_button = TextButton("Open folder", icon_name="folder", tip="Show the files in the file manager.")
        self._empties: dict[Choice, EmptyState] = {
            choice: EmptyState(icon, title, text, button) for choice, icon, title, text, button in _EMPTY
        }
        self._caption = Label(size="small", role="muted")
        self._files = Label(size="small", role="muted", wrap=True)
        self._where = ElidedLabel(size="small", role="muted")
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        self.columns.setSpecialValueText("square")
        # Without its arrows a spin box with a border has no room for its number.
        self.columns.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        self.columns.setFixedWidth(20 * SPACE_PX)
        self.frames.setChecked(True)
        self.frames.setToolTip("Draw the rectangle of each frame over the preview; it is not written.")
        self.credits.setChecked(True)
        self.credits.setToolTip(
            "A text file beside the others: the art that the model was trained on, its authors and licences."
        )
        self.destination.setAccessibleName("Where to write")
        self.destination.setToolTip("The file; further files of the format stand beside it.")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACE_PX)
        self.source.setFixedWidth(_SIDE_PX)
        row.addWidget(self.source)
        row.addWidget(self._build_preview(), 1)
        row.addWidget(self._build_target())
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(self.banner)
        column.addLayout(row, 1)

    def _build_preview(self) -> QWidget:
        top = QHBoxLayout()
        top.setSpacing(2 * SPACE_PX)
        top.addWidget(Label("Preview", bold=True))
        top.addWidget(self._caption)
        top.addStretch(1)
        top.addWidget(self.frames)
        top.addSpacing(2 * SPACE_PX)
        top.addWidget(Label("Columns", role="muted"))
        top.addWidget(self.columns)
        well = Panel(role="well")
        well.column.addWidget(self.sheet)
        self._stack.addWidget(well)
        for empty in self._empties.values():
            self._stack.addWidget(empty)
            empty.acted.connect(self.explore_requested)
        preview = Panel()
        preview.column.addLayout(top)
        preview.column.addWidget(self._stack, 1)
        return preview

    def _build_target(self) -> QWidget:
        inner = QWidget()
        cards = QVBoxLayout(inner)
        cards.setContentsMargins(0, 0, SPACE_PX, 0)
        cards.setSpacing(2 * SPACE_PX)
        for one in self._formats:
            card = self.cards[one.id]
            card.setObjectName(f"format-{one.id}")
            card.setToolTip(one.description)
            cards.addWidget(card)
        cards.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it scrolls into view by itself
        scroll.setWidgetResizable(True)
        scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        where = QHBoxLayout()
        where.setSpacing(SPACE_PX)
        where.addWidget(self.destination, 1)
        where.addWidget(self.browse_button)
        target = Panel()
        target.setFixedWidth(_SIDE_PX)
        target.column.addWidget(Label("Format", bold=True))
        target.column.addWidget(scroll, 1)
        target.column.addWidget(Label("Where", bold=True))
        target.column.addLayout(where)
        target.column.addWidget(self.credits)
        target.column.addWidget(self.copies)
        target.column.addWidget(self._files)
        target.column.addWidget(self._where)
        target.column.addWidget(self.open_button)
        target.column.addWidget(self.export_button)
        return target

    def _connect(self) -> None:
        self.source.changed.connect(self._refresh)
        self.columns.valueChanged.connect(self._refresh)
        self.frames.toggled.connect(self._on_frames)
        for card in self.cards.values():
            card.clicked.connect(self._on_format)
        self.destination.textChanged.connect(self._enable)
        self.browse_button.clicked.connect(self._browse)
        self.export_button.clicked.connect(self.export)
        self.open_button.clicked.connect(self._open_folder)
        self._export.exported.connect(self._on_exported)
        self._export.failed.connect(self._on_failed)
        self._export.running_changed.connect(self._enable)

    # ---- what would be written -------------------------------------------------------------------

    @property
    def format_id(self) -> str:
        """The chosen format."""
        return self._format.id

    @property
    def column_count(self) -> int:
        """Columns of the sheet."""
        return self.columns.value() or square_columns(len(self.source.sprites))

    def choose_format(self, format_id: str) -> None:
        """Choose a format; the name at the destination takes its suffix."""
        before, self._format = self._format, next(one for one in self._formats if one.id == format_id)
        path = self.destination.text()
        if before.suffix and path.lower().endswith(before.suffix):
            path = path[: -len(before.suffix)]
        if self._format.suffix and not path.lower().endswith(self._format.suffix):
            path += self._format.suffix
        self.destination.setText(path)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        sprites = self.source.sprites
        self.sheet.show_sprites(sprites, self.column_count)
        if sprites:
            self._stack.setCurrentIndex(0)
        else:
            self._stack.setCurrentWidget(self._empties[self.source.choice])
        for one in self._formats:
            self.cards[one.id].set_chosen(one is self._format)
        width, height = self.sheet.sheet_size
        many = counted(len(sprites), "sprite")
        self._caption.setText(f"{many} · {width} × {height} px" if sprites else "")
        self._enable()

    @Slot(bool)
    def _on_frames(self, shown: bool) -> None:
        self.sheet.shows_frames = shown
        self.sheet.update()

    @Slot()
    def _on_format(self) -> None:
        for one in self._formats:
            if self.cards[one.id] is self.sender():
                self.choose_format(one.id)

    @Slot()
    def _browse(self) -> None:
        start = self.destination.text()
        if self._format.suffix:
            kinds = f"{self._format.title} (*{self._format.suffix})"
            name, _ = QFileDialog.getSaveFileName(self, "Where to write", start, kinds)
        else:
            name = QFileDialog.getExistingDirectory(self, "Where to write", start)
        if name:
            self.destination.setText(name)

    @Slot()
    def _enable(self) -> None:
        sprites, running = self.source.sprites, self._export.is_running
        there = bool(self.destination.text().strip())
        # Not disabled while it writes: the keyboard would go on to the header, and stay there.
        self.export_button.setEnabled(bool(sprites) and there)
        self.export_button.setText("Exporting…" if running else f"Export {len(sprites):,}" if sprites else "Export")
        tip = (
            "Write the files, read them back and compare every pixel." if sprites else "There is nothing to export yet."
        )
        self.export_button.setToolTip(tip)
        self._files.setVisible(bool(self._written))
        self._where.setVisible(bool(self._written))
        self.open_button.setVisible(bool(self._written))

    # ---- writing ---------------------------------------------------------------------------------

    @Slot()
    def export(self) -> None:
        """Write what is shown."""
        if not self.export_button.isEnabled() or self._export.is_running:
            return
        self.banner.dismiss()
        destination = Path(self.destination.text().strip()).expanduser()
        self._export.export(
            self.source.sprites,
            destination,
            format_id=self._format.id,
            columns=self.column_count,
            own_texts=self.source.own_texts,
            credit=self._credit(),
        )

    def _credit(self) -> str:
        model = self._explore.model
        if model is None or not self.credits.isChecked():
            return ""
        return credits_text(model.info, others=self.source.others(model.info.digest))

    @Slot(object)
    def _on_exported(self, paths: tuple[Path, ...]) -> None:
        self._written = paths
        names = [path.name for path in paths[:4]] + ([f"and {len(paths) - 4:,} more"] if len(paths) > 4 else [])
        self._files.setText("Written: " + ", ".join(names))
        self._where.set_text(str(paths[0].parent) if paths else "")
        files = "1 file is" if len(paths) == 1 else f"{len(paths):,} files are"
        self.banner.tell(f"{files} written, read back and the same to the pixel.", ", ".join(names), "good")
        self._enable()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.banner.tell(failure.message, failure.hint)
        self._enable()

    @Slot()
    def _open_folder(self) -> None:
        if self._written:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written[0].parent)))
