"""Lint findings as a list: one row each, warnings first."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lunar_studio.core.score import LintFinding
from lunar_studio.gui import icons, theme
from lunar_studio.pixels.lint import RULES

Index = QModelIndex | QPersistentModelIndex


class FindingsModel(QAbstractListModel):
    """Rows for what lint found in the sprite on the canvas.

    Args:
        parent: Its owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._findings: tuple[LintFinding, ...] = ()

    @property
    def findings(self) -> tuple[LintFinding, ...]:
        """What is listed."""
        return self._findings

    def show_findings(self, findings: tuple[LintFinding, ...]) -> None:
        """List other findings; rows keep their place and selection while rules stay the same."""
        if findings == self._findings:
            return
        if [found.rule for found in findings] == [found.rule for found in self._findings]:
            self._findings = findings
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return
        self.beginResetModel()
        self._findings = findings
        self.endResetModel()

    def finding(self, row: int) -> LintFinding | None:
        """The finding of a row; None for a row that there is not."""
        return self._findings[row] if 0 <= row < len(self._findings) else None

    def row_like(self, finding: LintFinding) -> int:
        """The row that says of this sprite what `finding` said of the one before; -1 for none."""
        alike = [row for row, found in enumerate(self._findings) if found.rule == finding.rule]
        same = [row for row in alike if self._findings[row].severity == finding.severity]
        return (same or alike or [-1])[0]

    def rowCount(self, parent: Index | None = None) -> int:
        """One for each finding."""
        return 0 if parent is not None and parent.isValid() else len(self._findings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name, reason and lesson of a row."""
        found = self.finding(index.row())
        if found is None:
            return None
        rule, tokens = RULES[found.rule], theme.current()
        kind, name, tone, ink = (
            ("Warning", "warning", tokens.warn, tokens.text)
            if found.severity == "warning"
            else ("Note", "info", tokens.muted, tokens.muted)
        )
        shown: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: found.message,
            Qt.ItemDataRole.AccessibleTextRole: f"{kind}. {rule.title}. {found.message}",
            Qt.ItemDataRole.ToolTipRole: f"{rule.title}: {found.message}\n\n{rule.lesson}\n\n"
            "Click to see where; click again to hide it.",
            Qt.ItemDataRole.DecorationRole: icons.pixmap(name, tone),
            Qt.ItemDataRole.ForegroundRole: theme.colour(ink),
        }
        return shown.get(role)
