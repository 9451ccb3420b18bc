"""The part of the action table that shows: pages, views of the middle, zooms, what lies over the canvas, the theme."""

from __future__ import annotations

from lunar_studio.session.action import Action


def _zoom(factor: int) -> Action:
    return Action(
        f"zoom-{factor}",
        f"Zoom {factor}×",
        f"Show each pixel of the sprite {factor} screen pixels wide."
        if factor > 1
        else "Show the sprite at its real size.",
        "view",
        str(factor),
        "sprite_shown",
    )


def _centre(view_id: str, title: str, tip: str, place: int, icon: str) -> Action:
    """A view of the Explore page's middle (`gui/explore/centre_views.py`); `place` counts from 1 in the switch."""
    return Action(f"view-{view_id}", title, tip, "view", f"Alt+{place}", "model_loaded", icon, checkable=True)


_CENTRE = (
    _centre("sprite", "Show the Sprite", "The sprite itself, with its tools.", 1, "sprite"),
    _centre("breed", "Breed", "Many variations at once: mark some, and breed on from them.", 2, "breed"),
    _centre("mix", "Mix", "Two to four sprites on a pad, and everything between them.", 3, "mix"),
    _centre("map", "Map", "All the art in one picture, alike beside alike: click to go there, draw routes.", 4, "map"),
)

VIEW = (
    Action(
        "page-explore", "Explore", "Play with a model: sliders, canvas and score.", "view", "Ctrl+1", icon="explore"
    ),
    Action("page-train", "Train", "Teach a model your own art, and watch it learn.", "view", "Ctrl+2", icon="train"),
    Action(
        "page-data",
        "Data",
        "Turn a folder of art into a data set, and see what is wrong with it.",
        "view",
        "Ctrl+3",
        icon="data",
    ),
    Action(
        "page-export",
        "Export",
        "See the sheet before it is written, and choose its format.",
        "view",
        "Ctrl+4",
        icon="export",
    ),
    *_CENTRE,
    *(_zoom(factor) for factor in range(1, 10)),
    Action(
        "zoom-fit",
        "Zoom to Fit",
        "Show the sprite as large as fits, in whole steps.",
        "view",
        "0",
        "sprite_shown",
        "fit",
    ),
    Action(
        "pixel-grid",
        "Pixel Grid",
        "Draw thin lines between pixels. They appear from 8× on.",
        "view",
        "Shift+G",
        icon="grid",
        checkable=True,
    ),
    Action(
        "checkerboard",
        "Checkerboard",
        "Show transparency as a checkerboard; off, it is one plain tone.",
        "view",
        "C",
        icon="checkerboard",
        checkable=True,
    ),
    Action(
        "tile-preview",
        "Tile Preview",
        "Show the sprite three by three, to see whether it repeats without a seam.",
        "view",
        "T",
        "sprite_shown",
        "tiles",
        checkable=True,
    ),
    Action(
        "onion",
        "Onion",
        "Let the state before your last step shine through.",
        "view",
        "O",
        "sprite_shown",
        "onion",
        checkable=True,
    ),
    Action(
        "score-ribbons",
        "Score Ribbons",
        "Paint along the sliders how the score would change, with the sprites on the way; drawn while you rest.",
        "view",
        "Shift+S",
        icon="sparkle",
        checkable=True,
    ),
    Action(
        "toggle-theme", "Dark / Light", "Switch between the dark and the light theme.", "view", "Ctrl+T", icon="theme"
    ),
    Action(
        "theme-system",
        "Theme of the System",
        "Dark or light as your system is, and change when it does.",
        "view",
        checkable=True,
    ),
    Action("reset-layout", "Reset Layout", "Put every panel back where it was at first. Nothing is lost.", "view"),
)
"""As they stand in the menu."""
