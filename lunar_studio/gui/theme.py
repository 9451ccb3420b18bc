"""Colours, type and spacing: the tokens that every widget paints with, dark and light.

Moon yellow on night blue in the dark; night blue on moonlit paper in the light. There is no "current
theme" kept anywhere: the application's palette is the state, and `current()` reads it back. A switch
is one `apply()`; every widget then gets Qt's StyleChange event, with palette and style both new.

Fusion is used with our own palette because `QStyleHints.setColorScheme` does nothing on plain X11,
KDE or the offscreen platform.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtGui import QColor, QFont, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from lunar_studio.gui.theme_stylesheet import stylesheet
from lunar_studio.gui.theme_tokens import DARK, LIGHT, RADIUS_PX, SPACE_PX, Tokens

__all__ = [
    "DARK",
    "LIGHT",
    "RADIUS_PX",
    "SPACE_PX",
    "THEMES",
    "FontSize",
    "Tokens",
    "apply",
    "colour",
    "contrast",
    "current",
    "font",
    "palette",
    "set_colours",
]

THEMES = {"dark": DARK, "light": LIGHT}
FontSize = Literal["small", "body", "title"]

_SCALE: dict[FontSize, float] = {"small": 0.9, "body": 1.0, "title": 1.35}


def palette(tokens: Tokens) -> QPalette:
    """The Qt palette of `tokens`: every role set, so that no style default shines through."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.background,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.sunken,
        QPalette.ColorRole.AlternateBase: tokens.panel,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.muted,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.bad,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.Accent: tokens.accent,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.LinkVisited: tokens.accent,
        QPalette.ColorRole.Light: tokens.raised,
        QPalette.ColorRole.Midlight: tokens.line,
        QPalette.ColorRole.Mid: tokens.line,
        QPalette.ColorRole.Dark: tokens.sunken,
        QPalette.ColorRole.Shadow: tokens.sunken,
    }
    for role, value in roles.items():
        made.setColor(role, QColor(value))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return made


def set_colours(app: QApplication, tokens: Tokens) -> None:
    """Style and palette alone, for widgets that are built before their first `apply`.

    While there is a style sheet, Qt dresses every widget anew each time it is put into a layout: a window built
    under one takes twice as long (measured).
    """
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette(tokens))


def apply(app: QApplication, tokens: Tokens) -> None:
    """Dress the whole application in `tokens`, now and live."""
    set_colours(app, tokens)
    app.setStyleSheet(stylesheet(tokens))


def current() -> Tokens:
    """The tokens that the application is dressed in, told by the lightness of its window colour."""
    return DARK if QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def font(size: FontSize = "body", *, bold: bool = False) -> QFont:
    """The system's typeface in one of the three sizes, with figures of equal width."""
    made = QFont(QApplication.font())
    made.setPixelSize(max(9, round(QFontInfo(QApplication.font()).pixelSize() * _SCALE[size])))
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def colour(value: str, alpha: float = 1.0) -> QColor:
    """A token's value as a QColor; `alpha` from 0 to 1."""
    made = QColor(value)
    made.setAlphaF(alpha)
    return made


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, relative luminance)."""

    def luminance(value: str) -> float:
        channels = [int(value[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
