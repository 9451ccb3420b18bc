"""The prompt box: completes the last word from the model's own vocabulary, and says which words the model never saw."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt, Signal, Slot
from PySide6.QtWidgets import QCompleter, QLineEdit, QVBoxLayout, QWidget

from lunar_studio.core.prompt_words import examples, unknown_words, words_of
from lunar_studio.gui.widgets.labels import Label

_LONGEST_PROMPT = 200
_MOST_SHOWN = 12
_PLAIN = "Words for random sprites; empty for anything"


class WordCompleter(QCompleter):
    """Completes the last word of several; words stay in the order they were given, the most frequent first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QStringListModel(self)
        self._before = ""
        self.setModel(self._words)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModelSorting(QCompleter.ModelSorting.UnsortedModel)
        self.setMaxVisibleItems(_MOST_SHOWN)

    def set_words(self, words: Sequence[str]) -> None:
        """Complete from other words."""
        self._words.setStringList(list(words))

    def splitPath(self, path: str) -> list[str]:
        """Only the last word is completed."""
        self._before, _, last = path.rpartition(" ")
        return [last]

    def pathFromIndex(self, index: QModelIndex | QPersistentModelIndex) -> str:
        """The words before it stay."""
        return f"{self._before} {index.data()}".strip()


class WordField(QWidget):
    """A line for words, and what the model has to say about them.

    Args:
        parent: Its owner.

    Attributes:
        entered: Enter was pressed.
        line: Where words are typed.
        note: What the model has to say; whoever lays this out puts it under the whole row that the line stands in.
    """

    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: frozenset[str] = frozenset()
        self._words: tuple[str, ...] = ()
        self.line = QLineEdit()
        self.line.setObjectName("words")
        self.line.setMaxLength(_LONGEST_PROMPT)
        self.line.setPlaceholderText(_PLAIN)
        self.line.setAccessibleName("Words")
        self.line.setClearButtonEnabled(True)
        self._tip = "What random sprites shall be, in the model's own words (prompt)."
        self.line.setToolTip(f"{self._tip} Enter draws some and shows the best first.")
        self._completer = WordCompleter(self)
        self.line.setCompleter(self._completer)
        if (popup := self._completer.popup()) is not None:
            popup.setObjectName("word-completions")
        self.note = Label(role="warn", size="small", wrap=True)
        self.note.setObjectName("words-said")
        self.note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.line)
        self.line.textChanged.connect(self._on_text)
        self.line.returnPressed.connect(self.entered)

    @property
    def said(self) -> str:
        """What the model has to say about the words; empty for nothing."""
        return self.note.text()

    def set_vocabulary(self, words: Sequence[str]) -> None:
        """Take the words of another model, most frequent first."""
        self._words, self._known = tuple(words), frozenset(words)
        self._completer.set_words(words)
        some = examples(words)
        self.line.setPlaceholderText(f"Try: {', '.join(some)}" if some else _PLAIN)
        known = f" It knows {len(words):,}; begin to type one." if words else ""
        self.line.setToolTip(f"{self._tip} Enter draws some and shows the best first.{known}")
        self._on_text(self.line.text())

    def is_known(self) -> bool:
        """Whether the model knows one of the words at least."""
        return any(word in self._known for word in words_of(self.line.text()))

    @Slot(str)
    def _on_text(self, text: str) -> None:
        unknown = unknown_words(text, self._known) if self._known else ()
        if unknown and not text.endswith(" ") and self._begins(unknown[-1]) and text.lower().endswith(unknown[-1]):
            unknown = unknown[:-1]  # it is being typed, and may become one that is known
        quoted = ", ".join(f"“{word}”" for word in unknown)
        words = f"The model has never seen {quoted}." if unknown else ""
        if unknown and not self.is_known():
            words += f" It knows words such as {', '.join(examples(self._words))}."
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def _begins(self, start: str) -> bool:
        return any(word.startswith(start) for word in self._words)
