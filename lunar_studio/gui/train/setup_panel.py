"""The settings of a new run: art, look, how long, Start; everything else behind one button."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import validate, with_overrides
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.art_chooser import ArtChooser
from lunar_studio.gui.train.forecast_row import ForecastRow
from lunar_studio.gui.train.look_picture import LookPicture
from lunar_studio.gui.train.looks import DEFAULT_SIZE_PX, LOOKS, Look, base_for, nearest_size
from lunar_studio.gui.train.start_chooser import StartChooser
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.number_field import NumberField
from lunar_studio.gui.widgets.panel import Card, Panel
from lunar_studio.workers.data_service import DataService
from lunar_studio.workers.forecast_service import ForecastService

_UNITS = ("minutes", "steps")
_MOST = {"minutes": 60.0 * 24 * 30, "steps": 10_000_000.0}
_FIRST_STEPS = 5000.0


class SetupPanel(Panel):
    """What a new run will be.

    Args:
        data: Looks through the art; for this panel alone.
        forecasts: Measures what a run would cost; for this panel alone.
        parent: Its owner.

    Attributes:
        changed: The art, the look or the duration changed.
        start_requested: The Start button was pressed.
        settings_requested: All settings shall be shown.
    """

    changed = Signal()
    start_requested = Signal()
    settings_requested = Signal()

    def __init__(self, data: DataService, forecasts: ForecastService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("setup-panel")
        self.art = ArtChooser(data)
        self.look: Look = LOOKS[0]
        self.cards = {look.id: Card(look.title, look.text, picture=LookPicture(look.id)) for look in LOOKS}
        self.start_from = StartChooser()
        self.duration = NumberField("How long", 0.5, _MOST["minutes"], step=5.0, decimals=1, tip="How long it trains.")
        self.unit = QComboBox()
        self.settings_button = TextButton(
            "All settings", role="quiet", icon_name="settings", tip="Every knob, in one table."
        )
        self.start_button = TextButton("Start training", role="primary", icon_name="play")
        self.forecast = ForecastRow(forecasts)
        self._hint = Label(size="small", role="muted", wrap=True)
        self._is_busy = False
        self._build()
        self.changed.connect(self.forecast.forget)
        self._choose(LOOKS[0])

    def _build(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, SPACE_PX, 0)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(Label("Your art", bold=True))
        column.addWidget(self.art)
        column.addSpacing(SPACE_PX)
        column.addWidget(Label("Look", bold=True))
        for look in LOOKS:
            card = self.cards[look.id]
            card.setObjectName(f"look-{look.id}")
            card.setToolTip(look.text)
            card.clicked.connect(self._on_card)
            column.addWidget(card)
        column.addSpacing(SPACE_PX)
        column.addWidget(Label("Start from", bold=True))
        column.addWidget(self.start_from)
        column.addSpacing(SPACE_PX)
        column.addWidget(Label("How long", bold=True))
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self.duration, 1)
        row.addWidget(self.unit, 1)
        column.addLayout(row)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it scrolls into view by itself
        scroll.setWidgetResizable(True)
        scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        # Without its arrows a spin box with a border has no room for its number.
        self.duration.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        self.unit.addItems(list(_UNITS))
        self.unit.setAccessibleName("Minutes or steps")
        self.unit.setToolTip("Minutes fit your evening; steps make two runs comparable.")
        self.unit.currentTextChanged.connect(self._on_unit)
        self.duration.valueChanged.connect(self.changed)
        self.art.changed.connect(self._on_art)
        self.start_from.changed.connect(self._on_art)
        self.settings_button.clicked.connect(self.settings_requested)
        self.start_button.clicked.connect(self.start_requested)
        self.column.addWidget(scroll, 1)
        self.column.addWidget(self.forecast)
        self.column.addWidget(self._hint)
        bottom = QHBoxLayout()
        bottom.setSpacing(SPACE_PX)
        bottom.addWidget(self.settings_button)
        bottom.addWidget(self.start_button, 1)
        self.column.addLayout(bottom)

    # ---- what was chosen -------------------------------------------------------------------------

    @property
    def size_px(self) -> int:
        """Width and height the sprites will have: a data set's own, the model's, or what suits art and look."""
        if self.start_from.config is not None:
            return self.start_from.config.vae.image_size
        if self.art.facts is not None:
            return self.art.facts.size
        return nearest_size(self.look, self.art.size_px or DEFAULT_SIZE_PX)

    @property
    def length(self) -> dict[str, object]:
        """The duration as settings by key."""
        value = self.duration.value()
        if self.unit.currentText() == "steps":
            return {"training.max_steps": round(value), "training.max_minutes": 0.0}
        return {"training.max_steps": 0, "training.max_minutes": value}

    def base(self) -> RunConfig:
        """The configuration without what was set by hand.

        Raises:
            ConfigError: A network cannot have the size of the data set.
        """
        base = with_overrides(base_for(self.look, self.size_px), self.length)
        return self.start_from.applied(base)

    def config(self, overrides: Mapping[str, object]) -> RunConfig:
        """The configuration to start with.

        Raises:
            ConfigError: The parts do not fit together.
        """
        config = with_overrides(self.base(), overrides)
        validate(config)
        return config

    def set_busy(self, busy: bool) -> None:
        """Whether a run goes, so that another one would wait."""
        self._is_busy = busy
        self._enable()

    def choose_look(self, look_id: str) -> None:
        """Choose the card of that id."""
        self._choose(next(look for look in LOOKS if look.id == look_id))

    def _choose(self, look: Look) -> None:
        self.look = look
        for one in LOOKS:
            self.cards[one.id].set_chosen(one is look)
        if self.unit.currentText() == "minutes":
            self.duration.setValue(look.minutes)
        self._enable()
        self.changed.emit()

    @property
    def is_busy(self) -> bool:
        """Whether a run goes, so that another one would wait."""
        return self._is_busy

    def _enable(self) -> None:
        hint = self._obstacle()
        waits = "A run is going; this one will begin when it has ended." if self._is_busy and not hint else ""
        self._hint.setText(hint or waits)
        self._hint.setVisible(bool(hint or waits))
        self.start_button.setEnabled(not hint)
        self.forecast.set_can_ask(not hint and not self._is_busy)  # beside a run it would measure that, too
        self.start_button.setText("Add to queue" if self._is_busy else "Start training")
        self.start_button.set_icon_name("plus" if self._is_busy else "play")
        self.start_button.setToolTip(
            hint or waits or "Teach a model your art. You can stop at any time and keep what it learned."
        )

    def _obstacle(self) -> str:
        """Why nothing can be started; empty where it can."""
        if self.art.source is None:
            return "Choose your art first."
        if self.art.facts is not None and self.art.facts.size != self.size_px:
            return f"That model draws {self.size_px} px, this set has {self.art.facts.size} px. Choose the art itself."
        return "" if self.art.is_ready else "Start is ready when your art has been looked through."

    @Slot()
    def _on_card(self) -> None:
        sender = self.sender()
        for look in LOOKS:
            if self.cards[look.id] is sender:
                self._choose(look)

    @Slot(str)
    def _on_unit(self, unit: str) -> None:
        is_steps = unit == "steps"
        self.duration.setDecimals(0 if is_steps else 1)
        self.duration.setRange(1.0 if is_steps else 0.5, _MOST[unit])
        self.duration.setSingleStep(1000.0 if is_steps else 5.0)
        self.duration.setValue(_FIRST_STEPS if is_steps else self.look.minutes)
        self.changed.emit()

    @Slot()
    def _on_art(self) -> None:
        self.start_from.set_sprites(self.art.sprites)
        self._enable()
        self.changed.emit()
