"""What is worth knowing about a folder of art: figures at the top, then the files of which something is to be said."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.data.thumb_model import verdict_words
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.workers.data_service import FileVerdict, Report

Index = QModelIndex | QPersistentModelIndex
VERDICT_ROLE = int(Qt.ItemDataRole.UserRole)
_ROW_PX = 13 * SPACE_PX
_KINDS = {"refused": "bad", "duplicate": "muted", "skipped": "muted", "ok": "muted"}
_TITLES = {"refused": "refused", "duplicate": "twice", "skipped": "left out", "ok": "note"}


class ProblemsModel(QAbstractListModel):
    """Files with something to say about them, the refused first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdicts: tuple[FileVerdict, ...] = ()

    def set_report(self, report: Report | None) -> None:
        """Show another report's problems, or none."""
        order = list(_KINDS)
        self.beginResetModel()
        found = [] if report is None else [one for one in report.verdicts if one.verdict != "ok" or one.notes]
        self._verdicts = tuple(sorted(found, key=lambda one: order.index(one.verdict)))
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Files; a list has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._verdicts)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Path, words or the verdict."""
        if not 0 <= index.row() < len(self._verdicts):
            return None
        verdict = self._verdicts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return verdict.path
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return verdict_words(verdict)
            case _ if role == VERDICT_ROLE:
                return verdict
        return None


class _ProblemDelegate(QStyledItemDelegate):
    """Two lines: kind and file, then the reason."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        verdict = index.data(VERDICT_ROLE)
        if not isinstance(verdict, FileVerdict):
            return
        tokens = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(tokens.raised))
            painter.drawRoundedRect(option.rect.adjusted(0, 1, 0, -1), RADIUS_PX, RADIUS_PX)
        area = option.rect.adjusted(2 * SPACE_PX, SPACE_PX, -2 * SPACE_PX, -SPACE_PX)
        upper = QRect(area.left(), area.top(), area.width(), area.height() // 3)
        lower = QRect(area.left(), upper.bottom() + 1, area.width(), area.height() - area.height() // 3)
        painter.setFont(theme.font("small", bold=True))
        kind = _TITLES[verdict.verdict]
        indent = painter.fontMetrics().horizontalAdvance(kind) + 2 * SPACE_PX
        self._line(painter, upper, kind, getattr(tokens, _KINDS[verdict.verdict]))
        painter.setFont(theme.font("small"))
        self._line(painter, upper.adjusted(indent, 0, 0, 0), verdict.path, tokens.text)
        painter.setPen(theme.colour(tokens.muted))
        wraps = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(lower, wraps, short_reason(verdict))
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, area: QRect, words: str, colour: str) -> None:
        painter.setPen(theme.colour(colour))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class ProblemsPanel(Panel):
    """Figures and problems of the art on show.

    Attributes:
        chosen: A problem was chosen; emitted with the file's path.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problems-panel")
        self.model = ProblemsModel(self)
        self.view = QListView()
        self.figures = Label(wrap=True, role="muted")
        self._title = Label("Files", bold=True)
        self._all_well = Label("Nothing to mend: every file can be used.", role="good", wrap=True)
        self.view.setModel(self.model)
        self.view.setItemDelegate(_ProblemDelegate(self.view))
        self.view.setAccessibleName("Files to know of")
        self.view.setObjectName("problems-list")
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.column.addWidget(Label("What is in it", bold=True))
        self.column.addWidget(self.figures)
        self.column.addSpacing(SPACE_PX)
        self.column.addWidget(self._title)
        self.column.addWidget(self._all_well)
        self.column.addWidget(self.view, 1)

    def show_report(self, report: Report | None) -> None:
        """Show a report, or nothing while there is none."""
        self.model.set_report(report)
        problems = 0 if report is None else report.count("refused")
        notes = self.model.rowCount() - problems
        self._title.setText(title_words(problems, notes))
        self._all_well.setVisible(report is not None and bool(report.verdicts) and not problems)
        self.figures.setText("" if report is None else figures_words(report))

    @Slot()
    def _on_current_changed(self) -> None:
        verdict = self.view.currentIndex().data(VERDICT_ROLE)
        if isinstance(verdict, FileVerdict):
            self.chosen.emit(verdict.path)


def title_words(problems: int, notes: int) -> str:
    """`2 problems, 1 note`: what is harmless is never called a problem."""
    counts = ((problems, "problem"), (notes, "note"))
    told = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return ", ".join(told) or "Files"


def short_reason(verdict: FileVerdict) -> str:
    """Why, without the file's name, which stands above it."""
    if verdict.reason:
        return verdict.reason.partition("cannot be used: ")[2] or verdict.reason
    return f"same as {verdict.duplicate_of}" if verdict.duplicate_of else "; ".join(verdict.notes)


def figures_words(report: Report) -> str:
    """Counts, sizes and colours, one line each."""
    stats = report.statistics
    sizes = ", ".join(f"{size.replace('x', ' × ')} ({count:,})" for size, count in list(stats.sizes.items())[:4])
    more = len(stats.sizes) - 4
    counts = {kind: report.count(kind) for kind in ("refused", "duplicate", "skipped")}
    told = [f"{count:,} {_TITLES[kind]}" for kind, count in counts.items() if count]
    files = "1 file" if len(report.verdicts) == 1 else f"{len(report.verdicts):,} files"
    lines = [f"{report.sprites:,} sprites in {files}" + (f": {', '.join(told)}" if told else "")]
    if sizes:
        lines.append(f"Sizes: {sizes}" + (f" and {more:,} more" if more > 0 else ""))
        lines.append(f"Colours: {stats.colours_median} in the middle, {stats.colours_most} at most")
        lines.append("Edges: " + ", ".join(f"{count:,} {kind}" for kind, count in stats.alpha.items()))
    if stats.upscaled_files:
        lines.append(f"Enlarged art: {stats.upscaled_files:,}")
    if stats.phantom_files:
        lines.append(f"Colour under transparency: {stats.phantom_files:,}")
    if report.near_copies:
        lines.append(f"Near copies: {len(report.near_copies):,} groups, kept together")
    return "\n".join(lines)
