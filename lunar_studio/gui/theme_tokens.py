"""The tokens themselves: one name for one purpose, in two themes, and the spacing grid."""

from __future__ import annotations

from dataclasses import dataclass

SPACE_PX = 4
"""The grid: every margin, gap and fixed size is a whole multiple of it."""

UNFOLDED_FROM_PX = 700
"""Columns lower than this begin with side matters folded, whose headings say the main thing: sliders come first."""

RADIUS_PX = 4
"""Corner radius of panels, cards, buttons and fields."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by purpose, as `#rrggbb`.

    Attributes:
        name: `dark` or `light`.
        background: The window, between panels.
        panel: Panels on the background.
        raised: Buttons, cards and menus on a panel.
        hover: A raised thing under the mouse.
        sunken: Fields, grooves and the table under the sprite.
        line: Hairlines and borders that carry no meaning of their own.
        text: Text and icons.
        muted: Secondary text.
        faint: Disabled text; the only text below 4.5:1, as WCAG allows for what is inactive.
        accent: The one accent: what is chosen, what is on, where the moon is.
        on_accent: Text and icons on an accent fill.
        good: Success, a score near the best.
        warn: Worth a look.
        bad: Failure.
        focus: The ring round what has the keyboard.
        check_dark: Darker square of the checkerboard.
        check_light: Lighter square of the checkerboard.
    """

    name: str
    background: str
    panel: str
    raised: str
    hover: str
    sunken: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str
    focus: str
    check_dark: str
    check_light: str


DARK = Tokens(
    name="dark",
    background="#0e111c",
    panel="#171b2a",
    raised="#242a40",
    hover="#2e3654",
    sunken="#0a0c15",
    line="#2b3149",
    text="#e9e7ef",
    muted="#9ba3bf",
    faint="#5d6580",
    accent="#f4d675",
    on_accent="#1b1708",
    good="#83d692",
    warn="#f3ad66",
    bad="#ff8a8a",
    focus="#8ab4ff",
    check_dark="#2a2e3d",
    check_light="#363b4c",
)

LIGHT = Tokens(
    name="light",
    background="#d9d6cd",
    panel="#efede6",
    raised="#fbfaf7",
    hover="#ffffff",
    sunken="#e2dfd6",
    line="#c9c5b8",
    text="#1c2034",
    muted="#545a70",
    faint="#a09d93",
    accent="#33439c",
    on_accent="#ffffff",
    good="#1d6a36",
    warn="#874600",
    bad="#a3212c",
    focus="#1a54bd",
    check_dark="#c6c4bf",
    check_light="#d8d6d1",
)
