"""The action table: everything the window can be told to do, in one place.

Menus, tool buttons, the command palette, the help page and the README's key list are made from it.
An action names the condition under which it is enabled; the window answers conditions, so that a
button, a menu item and a shortcut are never of two minds. Shortcuts are Qt's portable text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lunar_studio.session.action import MENUS, Action, EnabledWhen, Menu

__all__ = ["ACTIONS", "MENUS", "Action", "EnabledWhen", "Menu", "action"]


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


_FILE = (
    Action(
        "new-project",
        "New Project",
        "Begin with an empty shelf and history. Unsaved changes are set aside, not lost.",
        "file",
        "Ctrl+N",
        "model_loaded",
        "new",
    ),
    Action(
        "open-project",
        "Open Project…",
        "Open a project file: the sprite, the shelf and every step as they were.",
        "file",
        "Ctrl+O",
        icon="folder",
    ),
    Action(
        "save-project",
        "Save Project",
        "Write everything to the project's file. Between saves it is kept against a crash by itself.",
        "file",
        "Ctrl+S",
        "model_loaded",
        "save",
    ),
    Action(
        "save-project-as",
        "Save Project As…",
        "Write everything to another file, and go on with that one.",
        "file",
        "Ctrl+Shift+S",
        "model_loaded",
    ),
    Action(
        "open-model",
        "Open Model…",
        "Open a model file that you or somebody else has trained.",
        "file",
        "Ctrl+M",
        icon="open",
    ),
    Action(
        "open-bundled-model",
        "Open Bundled Model",
        "Go back to the model that comes with the studio.",
        "file",
        icon="moon",
    ),
    Action(
        "open-sprite",
        "Open Sprite…",
        "Find the place of your own sprite in the model's world, then change it with the sliders.",
        "file",
        "Ctrl+Shift+O",
        "model_loaded",
        "sprite",
    ),
    Action(
        "save-picture",
        "Save Picture…",
        "Write the sprite as a PNG that carries the way back to it: drop it on the window to go on from there.",
        "file",
        "Ctrl+Shift+E",
        "sprite_shown",
        "image",
    ),
    Action(
        "export-sheet",
        "Export Sheet…",
        "Write the kept sprites, or the one on the canvas, to a sheet that game engines read.",
        "file",
        "Ctrl+E",
        "exportable",
        "export",
    ),
    Action(
        "save-onnx",
        "Save Drawing Network as ONNX…",
        "Write the half of the model that draws as a file for game engines and other programs: latents in, pixels out.",
        "file",
        enabled_when="model_loaded",
        icon="model",
    ),
    Action("quit", "Quit", "Close the studio. A run that is training is saved first.", "file", "Ctrl+Q"),
)

_EDIT = (
    Action("undo", "Undo", "Take the last step back. There is no limit.", "edit", "Ctrl+Z", "can_undo", "undo"),
    Action("redo", "Redo", "Do again what was undone.", "edit", "Ctrl+Y", "can_redo", "redo"),
    Action(
        "copy-sprite",
        "Copy Sprite",
        "Copy the sprite at its real size, with transparency, to paste it into a pixel editor.",
        "edit",
        "Ctrl+C",
        "sprite_shown",
        "copy",
    ),
    Action(
        "copy-command",
        "Copy as Command Line",
        "Copy the command that draws this very sprite again, painted pixels and all.",
        "edit",
        "Ctrl+Shift+C",
        "sprite_shown",
        "command",
    ),
    Action(
        "paste-sprite",
        "Paste Sprite",
        "Take a picture from the clipboard and find its place in the model's world.",
        "edit",
        "Ctrl+V",
        "clipboard_has_picture",
        "paste",
    ),
)

_EXPLORE = (
    Action(
        "re-roll",
        "New Random Sprite",
        "Let the model invent a sprite. Locked sliders keep their position.",
        "explore",
        "Space",
        "model_loaded",
        "dice",
    ),
    Action(
        "roll-colours",
        "New Colours Only",
        "Let the model invent other colours for this very shape. Locked sliders keep their position.",
        "explore",
        "Shift+Space",
        "colours_apart",
        "roll-colours",
    ),
    Action(
        "roll-shape",
        "New Shape Only",
        "Let the model invent another shape in these very colours. Locked sliders keep their position.",
        "explore",
        "Ctrl+Space",
        "colours_apart",
        "roll-shape",
    ),
    Action(
        "ask-words",
        "Ask for Words…",
        "Go to the words that random sprites shall follow; Enter draws some, the best first.",
        "explore",
        "Ctrl+L",
        "model_loaded",
        "words",
    ),
    Action(
        "find-slider",
        "Find a Slider…",
        "Go to the sliders: type part of a name; Down goes to the first, and left and right pull it.",
        "explore",
        "Ctrl+F",
        "model_loaded",
        "search",
    ),
    Action(
        "teach-slider",
        "Teach a Slider…",
        "Make a slider of your own from sprites that have more of something, and sprites that have less.",
        "explore",
        "Ctrl+Shift+T",
        "sprite_shown",
        "plus",
    ),
    Action(
        "reset-all",
        "Reset All Sliders",
        "Go back to where this exploration began. Locked sliders keep their position.",
        "explore",
        "Ctrl+R",
        "sprite_shown",
        "reset",
    ),
    Action(
        "bookmark",
        "Bookmark",
        "Keep this sprite on the shelf, with its score and the way back to it.",
        "explore",
        "K",
        "sprite_shown",
        "bookmark",
    ),
    Action(
        "before-after",
        "Before / After",
        "Show the sprite you began with; press again to come back, or hold the key for a glance.",
        "explore",
        "X",
        "sprite_shown",
        "before-after",
        checkable=True,
    ),
    Action(
        "set-before",
        "Compare with This",
        "Let Before / After compare with the sprite on the canvas from now on.",
        "explore",
        "Shift+X",
        "sprite_shown",
    ),
    Action(
        "own-pixels",
        "The Picture's Own Pixels",
        "Lay the picture you opened over what the model draws for it, to have it judged exactly as it is.",
        "explore",
        "Shift+V",
        "picture_opened",
    ),
    Action(
        "blame",
        "Where It Loses Points",
        "Show as heat which pixels cost the score; click one to see what would stand better there.",
        "explore",
        "W",
        "sprite_shown",
        "eye",
        checkable=True,
    ),
    Action(
        "worst-pixel",
        "Worst Pixel",
        "Go to the pixel that costs most, with three colours that would do better.",
        "explore",
        "Shift+W",
        "sprite_shown",
    ),
    Action(
        "improve",
        "Improve…",
        "Look nearby for a version that scores higher, and keep of it what you like.",
        "explore",
        "Ctrl+I",
        "sprite_shown",
        "sparkle",
        checkable=True,
    ),
)


def _tool(name: str, title: str, tip: str, shortcut: str) -> Action:
    return Action(f"tool-{name}", title, tip, "paint", shortcut, "sprite_shown", name, checkable=True)


_PAINT = (
    _tool(
        "pencil", "Pencil", "Draw single pixels and lines; Shift draws on from the last, the right button erases.", "B"
    ),
    _tool("eraser", "Eraser", "Make pixels transparent; the right button gives them back to the model.", "E"),
    _tool("picker", "Picker", "Take the colour of a pixel. Alt does so with every other tool.", "I"),
    _tool("bucket", "Bucket", "Fill an area of one colour; with Shift all of that colour, wherever it is.", "G"),
    _tool("pin", "Pin", "Keep pixels as they are while sliders move the rest; the right button unpins.", "P"),
    Action(
        "tool-hand",
        "No Tool",
        "Move the sprite with the mouse again. Escape does the same.",
        "paint",
        "H",
        "sprite_shown",
        "hand",
        checkable=True,
    ),
    Action(
        "pin-painted",
        "Pin What I Paint",
        "What you paint stays exactly so while sliders and rolls change the rest. Off, a roll takes it away.",
        "paint",
        icon="lock",
        checkable=True,
    ),
    Action("mix-colour", "Mix a Colour…", "Choose any colour to paint with; it is kept beside the sprite's.", "paint"),
    Action(
        "follow-pins",
        "Make the Rest Follow",
        "Look for a sprite of the model's that has your pinned pixels of its own; press again to stop.",
        "paint",
        "F",
        "pinned",
        "follow",
        checkable=True,
    ),
    Action(
        "unpin-all",
        "Unpin All",
        "Let the next roll take every painted pixel away. Until then they stay.",
        "paint",
        enabled_when="pinned",
    ),
    Action(
        "clear-edits",
        "Clear Painted Pixels",
        "Give every painted and pinned pixel back to the model.",
        "paint",
        "Shift+Delete",
        "painted",
        "trash",
    ),
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

_VIEW = (
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
    Action("reset-layout", "Reset Layout", "Put every panel back where it was at first. Nothing is lost.", "view"),
)

_TRAIN = (
    Action(
        "train-start",
        "Start Training",
        "Train with the art and settings of the Train page.",
        "train",
        "F5",
        "can_train",
        "play",
    ),
    Action(
        "train-pause",
        "Pause Training",
        "Free the processor for a while; press again to go on. The model stays usable.",
        "train",
        "F6",
        "training",
        "pause",
        checkable=True,
    ),
    Action(
        "train-finish",
        "Finish Training Now",
        "Come to a good end soon: what is left of the run is gone through in a tenth of the time it took so far.",
        "train",
        "F7",
        "training",
        "check",
    ),
    Action(
        "train-stop",
        "Stop Training",
        "End the run after this step and keep the model. You can resume it later.",
        "train",
        "Shift+F5",
        "training",
        "stop",
    ),
)

_HELP = (
    Action(
        "command-palette",
        "Find a Command…",
        "Type a few letters of what you want to do.",
        "help",
        "Ctrl+K",
        icon="search",
    ),
    Action("help", "Help for This Page", "Show what this page can do, and every key.", "help", "F1", icon="help"),
    Action(
        "tour", "Take the Tour", "Five steps through the Explore page; Esc ends it at any time.", "help", icon="info"
    ),
    Action("about", "About Lunar Studio", "Show version, licences and where your files are.", "help"),
)

ACTIONS: tuple[Action, ...] = (*_FILE, *_EDIT, *_EXPLORE, *_PAINT, *_VIEW, *_TRAIN, *_HELP)
"""Every action, in the order of the menus."""

_BY_ID: Mapping[str, Action] = MappingProxyType({action.id: action for action in ACTIONS})


def action(action_id: str) -> Action:
    """The action of that id.

    Raises:
        KeyError: There is none.
    """
    return _BY_ID[action_id]
