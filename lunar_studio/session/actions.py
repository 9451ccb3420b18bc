"""The action table: everything the window can be told to do, in one place.

Menus, tool buttons, the command palette, the help page and the README's key list are made from it.
An action names the condition under which it is enabled; the window answers conditions, so that a
button, a menu item and a shortcut are never of two minds. Shortcuts are Qt's portable text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lunar_studio.session.action import MENUS, Action, EnabledWhen, Menu
from lunar_studio.session.paint_actions import PAINT
from lunar_studio.session.view_actions import VIEW

__all__ = ["ACTIONS", "MENUS", "Action", "EnabledWhen", "Menu", "action"]


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

ACTIONS: tuple[Action, ...] = (*_FILE, *_EDIT, *_EXPLORE, *PAINT, *VIEW, *_TRAIN, *_HELP)
"""Every action, in the order of the menus."""

_BY_ID: Mapping[str, Action] = MappingProxyType({action.id: action for action in ACTIONS})


def action(action_id: str) -> Action:
    """The action of that id.

    Raises:
        KeyError: There is none.
    """
    return _BY_ID[action_id]
