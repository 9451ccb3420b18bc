"""Where everything on the screen is, for a robot with a real mouse: tests of the window, pictures of the manual.

With `LUNAR_STUDIO_UI_MAP` naming a file, the studio answers requests for a map of what is visible: whoever wants one
creates `<file>.ask`; within a few hundredths of a second the map stands in `<file>`, and the request is gone. The map
is written beside and moved into place, so it is whole whenever it is there. Without the variable nothing happens.

    {"moments": {"painted": 1700000000.1, "first_sprite": 1700000001.9},    seconds since 1970
     "generation": 12,                                                      of the sprite on the canvas
     "focus": "words",                                                      as in `name`
     "widgets": [{"name": "slider/shape-0", "kind": "LatentSlider", "says": "bulk", "text": "", "value": 74,
                  "rect": [1070, 220, 350, 24], "groove": [1180, 220, 130, 24], "enabled": true,
                  "window": "main-window"}]}

`rect` is x, y, width and height in device pixels of the whole screen, cut to what its parents show. `says` is what a
screen reader is told. `value` stands only where there is one: of sliders, boxes, bars, and whether a button is down.
`groove` is where a latent slider's moon travels.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QTimer, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QSpinBox,
    QWidget,
)

from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.latent_slider import LatentSlider

VARIABLE = "LUNAR_STUDIO_UI_MAP"
_LOOK_MS = 20


class UiMap(QObject):
    """Answers requests for a map of the window.

    Args:
        path: Where maps are written; requests are files of the same name with `.ask` behind.
        canvas: Tells when the first sprite is shown.
        parent: Its owner.
    """

    def __init__(self, path: Path, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._ask = path.with_name(path.name + ".ask")
        self._moments = {"painted": time.time()}
        self._generation = 0
        canvas.presented.connect(self._on_presented)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot(int)
    def _on_presented(self, generation: int) -> None:
        self._generation = generation
        self._moments.setdefault("first_sprite", time.time())

    @Slot()
    def _look(self) -> None:
        if self._ask.exists():
            focus = QApplication.focusWidget()
            told = {
                "moments": self._moments,
                "generation": self._generation,
                "focus": "" if focus is None else focus.objectName(),
                "widgets": widgets(),
            }
            beside = self._path.with_name(self._path.name + ".new")
            beside.write_text(json.dumps(told), encoding="utf-8")
            beside.replace(self._path)
            self._ask.unlink(missing_ok=True)


def install(canvas: Canvas, parent: QObject) -> UiMap | None:
    """Answer requests if the environment asks for it; call it when the first frame is on the screen.

    Args:
        canvas: The window's.
        parent: Its owner.
    """
    name = os.environ.get(VARIABLE)
    return UiMap(Path(name), canvas, parent) if name else None


def widgets() -> list[dict[str, object]]:
    """Every widget that can be seen, and every entry of an open menu, from the back to the front."""
    found: list[dict[str, object]] = []
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            inside = (widget for widget in window.findChildren(QWidget) if widget.window() is window)
            seen = (one for one in (window, *inside) if one.isVisible() and not one.visibleRegion().isEmpty())
            found.extend(_told(widget, window) for widget in seen)
            if isinstance(window, QMenu):
                found += _entries(window)
    return found


def _told(widget: QWidget, window: QWidget) -> dict[str, object]:
    area = widget.visibleRegion().boundingRect()
    told: dict[str, object] = {
        "name": widget.objectName(),
        "kind": type(widget).__name__,
        "says": widget.accessibleName(),
        "text": _text(widget),
        "rect": _on_screen(widget, area),
        "enabled": widget.isEnabled(),
        "window": window.objectName(),
    }
    if isinstance(widget, LatentSlider):
        told["groove"] = _on_screen(widget, widget.groove_area())
    value = _value(widget)
    return told if value is None else told | {"value": value}


def _entries(menu: QMenu) -> list[dict[str, object]]:
    """Menus paint their entries themselves, so these are no widgets."""
    return [
        {
            "name": entry.objectName(),
            "kind": "MenuEntry",
            "says": entry.toolTip(),
            "text": entry.text().replace("&", ""),
            "rect": _on_screen(menu, area),
            "enabled": entry.isEnabled(),
            "window": menu.objectName(),
        }
        for entry in menu.actions()
        if not entry.isSeparator() and not (area := menu.actionGeometry(entry)).isEmpty()
    ]


def _on_screen(widget: QWidget, area: QRect) -> list[int]:
    """In device pixels: a robot's mouse knows no others."""
    ratio, place = widget.devicePixelRatioF(), widget.mapToGlobal(area.topLeft())
    return [round(length * ratio) for length in (place.x(), place.y(), area.width(), area.height())]


def _text(widget: QWidget) -> str:
    match widget:
        case QAbstractButton() | QLabel() | QLineEdit():
            return widget.text().replace("&", "")
        case _:
            return ""


def _value(widget: QWidget) -> float | bool | None:
    match widget:
        case QAbstractSlider() | QSpinBox() | QDoubleSpinBox() | QProgressBar():
            return widget.value()
        case QAbstractButton() if widget.isCheckable():
            return widget.isChecked()
        case _:
            return None
