"""All settings of a run in one table, made from the configuration itself: search, edit, reset."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import SECTION_TITLES, ConfigField, fields, format_value, parse
from lunar_studio.errors import ConfigError
from lunar_studio.gui import theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.search_field import SearchField

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Part", "Setting", "Value", "Unit", "Takes", "What it does")
_PART, _TITLE, _VALUE, _UNIT, _RANGE, _DESCRIPTION = range(len(COLUMNS))
_PARTS = {"training": "Training", "vae": "Network", "teacher": "Teacher", "prior": "Prior"}


class SettingsModel(QAbstractTableModel):
    """Fields of a configuration, and what was set by hand.

    Attributes:
        overrides_changed: What is set by hand changed.
        refused: A value was refused; emitted with a `ConfigError`.
    """

    overrides_changed = Signal()
    refused = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields: tuple[ConfigField, ...] = ()
        self._overrides: dict[str, object] = {}

    @property
    def overrides(self) -> dict[str, object]:
        """Values by full key that differ from the look's."""
        return dict(self._overrides)

    def set_base(self, config: RunConfig) -> None:
        """Start from another look; what was set by hand stays where the field still exists."""
        self.beginResetModel()
        self._fields = fields(config)
        base = {field.key: field.value for field in self._fields}
        self._overrides = {
            key: value for key, value in self._overrides.items() if key in base and not _same(value, base[key])
        }
        self.endResetModel()
        self.overrides_changed.emit()

    def field(self, row: int) -> ConfigField:
        """The field in a row; its value is the look's."""
        return self._fields[row]

    def value(self, row: int) -> object:
        """The value in a row, by hand or the look's."""
        field = self._fields[row]
        return self._overrides.get(field.key, field.value)

    def set_value(self, key: str, value: object) -> bool:
        """Set one field by hand, from a value or its text; False and `refused` when it cannot be."""
        row = next(row for row, field in enumerate(self._fields) if field.key == key)
        field = self._fields[row]
        try:
            parsed = parse(field, value)
        except ConfigError as error:
            self.refused.emit(error)
            return False
        if _same(parsed, field.value):
            self._overrides.pop(key, None)
        else:
            self._overrides[key] = parsed
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
        self.overrides_changed.emit()
        return True

    def reset(self, key: str) -> None:
        """Back to the look's value."""
        self.set_value(key, next(field.value for field in self._fields if field.key == key))

    def reset_all(self) -> None:
        """Back to the look."""
        for key in list(self._overrides):
            self.reset(key)

    # ---- Qt --------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """Fields; a table has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._fields)

    def columnCount(self, parent: Index | None = None) -> int:
        """What is told of a field."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Values can be edited."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == _VALUE else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Words, and the marks of what was set by hand."""
        field = self._fields[index.row()]
        by_hand = field.key in self._overrides
        match role:
            case Qt.ItemDataRole.DisplayRole:
                shown: object = self._words(field, index.row(), index.column())
            case Qt.ItemDataRole.EditRole:
                shown = format_value(self.value(index.row()))
            case Qt.ItemDataRole.ToolTipRole:
                note = f"\nThe look has {format_value(field.value)}; Delete sets it back." if by_hand else ""
                shown = f"{field.description}\nIt must be {field.range_text}.\n{field.key}{note}"
            case Qt.ItemDataRole.ForegroundRole | Qt.ItemDataRole.FontRole:
                shown = self._dress(role, index.column(), by_hand=by_hand)
            case Qt.ItemDataRole.AccessibleTextRole:
                changed = ", set by hand" if by_hand else ""
                shown = f"{field.title}: {format_value(self.value(index.row()))} {field.unit}{changed}"
            case _:
                shown = None
        return shown

    @staticmethod
    def _dress(role: int, column: int, *, by_hand: bool) -> object:
        tokens = theme.current()
        is_main = column in (_TITLE, _VALUE)
        if role == Qt.ItemDataRole.FontRole:
            return theme.font("body", bold=by_hand and is_main)
        return theme.colour(tokens.accent if by_hand and is_main else tokens.text if is_main else tokens.muted)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: ANN401
        """Take an edited value."""
        return role == Qt.ItemDataRole.EditRole and self.set_value(self._fields[index.row()].key, value)

    def _words(self, field: ConfigField, row: int, column: int) -> str:
        by_hand = field.key in self._overrides
        return {
            _PART: _PARTS.get(field.section, SECTION_TITLES[field.section]),
            _TITLE: f"{field.title} ●" if by_hand else field.title,
            _VALUE: format_value(self.value(row)),
            _UNIT: field.unit,
            _RANGE: short_range(field),
            _DESCRIPTION: f"The look has {format_value(field.value)}. {field.description}"
            if by_hand
            else field.description,
        }[column]


class _Filter(QSortFilterProxyModel):
    """Rows with all the words typed, in any column; or only those set by hand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self._only_changed = False

    def set_filter(self, text: str, *, only_changed: bool) -> None:
        """Show only what matches."""
        self._words = text.lower().split()
        self._only_changed = only_changed
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Whether the row is shown."""
        del source_parent
        model = self.sourceModel()
        if not isinstance(model, SettingsModel):
            return False
        field = model.field(source_row)
        if self._only_changed and field.key not in model.overrides:
            return False
        text = f"{field.key} {field.title} {field.description} {SECTION_TITLES[field.section]}".lower()
        return all(word in text for word in self._words)


class _ValueDelegate(QStyledItemDelegate):
    """Choices are chosen, everything else is typed."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A box of choices, or a line."""
        field = _field_of(index)
        if field is None or field.kind not in ("choice", "bool"):
            return super().createEditor(parent, option, index)
        box = QComboBox(parent)
        box.addItems([format_value(choice) for choice in (field.choices or (True, False))])
        box.activated.connect(self._on_activated)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the value as it is."""
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.showPopup()
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Hand the value over."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())
        else:
            super().setModelData(editor, model, index)

    @Slot()
    def _on_activated(self) -> None:
        editor = self.sender()
        if isinstance(editor, QWidget):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)


class SettingsTablePanel(Panel):
    """Search, table, reset.

    Attributes:
        closed: The artist is done here.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings-table-panel")
        self.model = SettingsModel(self)
        self.search = SearchField("Find a setting")
        self.table = QTableView()
        self.only_changed = TextButton("Changed only", role="quiet", tip="Show only what differs from the look.")
        self.reset_button = TextButton(
            "Reset", icon_name="reset", tip="Set the chosen row back to the look's value (Del)."
        )
        self.reset_all_button = TextButton("Reset all", role="quiet", tip="Set everything back to the look.")
        self.done_button = TextButton("Done", role="primary", tip="Back to the run.")
        self.message = Label(role="bad", size="small", wrap=True)
        self._filter = _Filter(self)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.only_changed.setCheckable(True)
        self._filter.setSourceModel(self.model)
        table = self.table
        table.setObjectName("settings-table")
        table.setAccessibleName("All settings")
        table.setModel(self._filter)
        table.setItemDelegateForColumn(_VALUE, _ValueDelegate(table))
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setCornerButtonEnabled(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(7 * SPACE_PX)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        trigger = QAbstractItemView.EditTrigger
        table.setEditTriggers(
            trigger.DoubleClicked | trigger.EditKeyPressed | trigger.AnyKeyPressed | trigger.SelectedClicked
        )
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        for column, width in ((_PART, 18), (_TITLE, 44), (_VALUE, 25), (_UNIT, 16), (_RANGE, 36)):
            table.setColumnWidth(column, width * SPACE_PX)
        header.setSectionResizeMode(_DESCRIPTION, QHeaderView.ResizeMode.Stretch)
        table.installEventFilter(self)
        top = QHBoxLayout()
        top.addWidget(Label("All settings", size="title", bold=True))
        top.addStretch(1)
        top.addWidget(self.search)
        top.addWidget(self.only_changed)
        bottom = QHBoxLayout()
        bottom.addWidget(self.reset_button)
        bottom.addWidget(self.reset_all_button)
        bottom.addWidget(self.message, 1)
        bottom.addWidget(self.done_button)
        self.search.setFixedWidth(50 * SPACE_PX)
        self.column.addLayout(top)
        self.column.addWidget(table, 1)
        self.column.addLayout(bottom)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._refilter)
        self.only_changed.toggled.connect(self._refilter)
        self.reset_button.clicked.connect(self.reset_current)
        self.reset_all_button.clicked.connect(self.model.reset_all)
        self.done_button.clicked.connect(self.closed)
        self.model.refused.connect(self._on_refused)
        self.model.overrides_changed.connect(self._on_changed)
        self.table.selectionModel().currentChanged.connect(self._enable)
        self._on_changed()

    def edit(self, key: str, value: object) -> bool:
        """Set one field, as typing into its row does."""
        return self.model.set_value(key, value)

    @Slot()
    def reset_current(self) -> None:
        """Set the chosen row back."""
        field = _field_of(self.table.currentIndex())
        if field is not None:
            self.model.reset(field.key)

    @Slot()
    def _refilter(self) -> None:
        self._filter.set_filter(self.search.text(), only_changed=self.only_changed.isChecked())

    @Slot(object)
    def _on_refused(self, error: ConfigError) -> None:
        self.message.setText(error.message)
        self.message.setToolTip(error.hint)

    @Slot()
    def _on_changed(self) -> None:
        self.message.clear()
        count = len(self.model.overrides)
        self.only_changed.setText(f"Changed only ({count})" if count else "Changed only")
        self.reset_all_button.setEnabled(count > 0)
        if self.only_changed.isChecked():
            self._refilter()
        self._enable()

    @Slot()
    def _enable(self) -> None:
        field = _field_of(self.table.currentIndex())
        self.reset_button.setEnabled(field is not None and field.key in self.model.overrides)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Delete on a row sets it back."""
        is_key = event.type() == QEvent.Type.KeyPress and watched is self.table
        if is_key and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset_current()
            return True
        return False


def short_range(field: ConfigField) -> str:
    """What a field takes, as short as can be: `1 to 64`, `above 0, to 1`, `mean, sum`."""
    if field.kind == "choice":
        return ", ".join(map(str, field.choices))
    low = "" if field.minimum is None else f"{'above ' if field.above_minimum else ''}{field.minimum:,.12g}"
    high = "" if field.maximum is None else f"{'below ' if field.below_maximum else ''}{field.maximum:,.12g}"
    if low and high:
        return f"{low}, {high}" if "below" in high else f"{low} to {high}"
    if low:
        return low if field.above_minimum else f"{low} or more"
    return f"up to {high}" if high else field.range_text.removeprefix("one of ")


def _field_of(index: Index) -> ConfigField | None:
    proxy = index.model()
    if not isinstance(proxy, QSortFilterProxyModel) or not index.isValid():
        return None
    model = proxy.sourceModel()
    row = proxy.mapToSource(proxy.index(index.row(), index.column())).row()
    return model.field(row) if isinstance(model, SettingsModel) else None


def _same(first: object, second: object) -> bool:
    """Equal as settings: a list of widths is the tuple of the same numbers."""
    return format_value(first) == format_value(second)
