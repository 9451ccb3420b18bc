"""What a new run starts from: nothing, the bundled model, or a model of the artist's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QVBoxLayout, QWidget

from lunar_studio import paths
from lunar_studio.core.config import RunConfig
from lunar_studio.errors import ModelFileError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.model_config import read_model_config

_NOTHING = "Nothing: it learns your art alone"
_BUNDLED = "The bundled model"
_OTHER = "Another model…"
_MOST_MODELS = 30
_HELPS_NOT = "Best with some hundred sprites or more: the model knows nothing but your art."
_FEW = 200
_HELPS = "Best with few sprites, twenty to two hundred: what the model knows of pixel art already helps at once."


class StartChooser(QWidget):
    """A box with what to start from, and a sentence on when that helps.

    Args:
        parent: Its owner.

    Attributes:
        changed: Something else was chosen.
        config: What the chosen model was trained with; None for nothing.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start-chooser")
        self.config: RunConfig | None = None
        self._models: tuple[Path, ...] = ()
        self._sprites = 0
        self.box = QComboBox()
        self.box.setAccessibleName("Start from")
        self.box.setToolTip("A run can go on from what another model has learned: that is called fine-tuning.")
        self.words = Label(_HELPS_NOT, size="small", role="muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self.box)
        column.addWidget(self.words)
        self._fill(None)
        self.box.activated.connect(self._on_activated)

    @property
    def path(self) -> Path | None:
        """The model to start from; None for nothing."""
        data = self.box.currentData()
        return Path(data) if isinstance(data, str) and data else None

    def offer(self, models: Sequence[Path]) -> None:
        """Offer these models of the artist's own, the newest first; what is chosen stays chosen."""
        offered = tuple(models[:_MOST_MODELS])
        if offered != self._models:
            self._models = offered
            self._fill(self.path)

    def set_sprites(self, count: int) -> None:
        """Say whether nothing is a good start for so many sprites; 0 where that is not known."""
        was, self._sprites = self._about_nothing, count
        if self.words.text() == was:
            self.words.setText(self._about_nothing)

    @property
    def _about_nothing(self) -> str:
        if not 0 < self._sprites < _FEW:
            return _HELPS_NOT
        few = "1 sprite is" if self._sprites == 1 else f"{self._sprites} sprites are"
        return f"{few} few to learn from nothing. Start from the bundled model: it knows pixel art already."

    def choose(self, path: Path | None) -> None:
        """Start from a model, or from nothing; a file that is no model is told, and nothing is chosen."""
        self.config = None
        words, role = self._about_nothing, "muted"
        if path is not None:
            try:
                self.config = read_model_config(path)
                size = self.config.vae.image_size
                words = f"{_HELPS} Your sprites are fitted to its {size} px."
            except ModelFileError as error:
                path, words, role = None, f"{error.message} {error.hint}", "bad"
        self._fill(path)
        self.words.setText(words)
        self.words.set_role(role)
        self.changed.emit()

    def applied(self, config: RunConfig) -> RunConfig:
        """The configuration with the networks of the chosen model, and that model to start from."""
        if self.config is None or self.path is None:
            return config
        training = replace(config.training, start_from=str(self.path))
        theirs = self.config
        return replace(config, vae=theirs.vae, teacher=theirs.teacher, prior=theirs.prior, training=training)

    def _fill(self, chosen: Path | None) -> None:
        with QSignalBlocker(self.box):
            self.box.clear()
            self.box.addItem(_NOTHING, "")
            self.box.addItem(_BUNDLED, str(paths.bundled_model()))
            for model in self._models:
                self.box.addItem(model.parent.name, str(model))
            if chosen is not None and self.box.findData(str(chosen)) < 0:
                self.box.addItem(f"{chosen.parent.name}/{chosen.name}", str(chosen))
            self.box.addItem(_OTHER, None)
            self.box.setCurrentIndex(0 if chosen is None else self.box.findData(str(chosen)))

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        if self.box.itemData(index) is None:
            name, _ = QFileDialog.getOpenFileName(
                self, "Start from a model", str(paths.runs_dir()), "Models (*.safetensors)"
            )
            self.choose(Path(name) if name else None)
        else:
            self.choose(self.path)
