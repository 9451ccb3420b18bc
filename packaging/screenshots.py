"""Every picture of the manual, from the real program: `.venv/bin/python packaging/screenshots.py [--art FOLDER]`.

The studio runs on a virtual screen as large as the picture; a robot does the artist's main job with mouse and keyboard
and presses the shutter. With `--art` the training pictures show that art trained for `--minutes`; without, a small
folder of drawn creatures. Pictures are written as PNGs with at most 256 colours: pixel art and flat surfaces lose
nothing that can be seen, and a page of the manual stays light.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the robot lives with the tests

import numpy as np
from PIL import Image

from tests.e2e.robot import NotSeenError, Robot, Seen, Spot, robot_at_studio
from tests.e2e.screen import missing_programs, virtual_screen
from tests.pixels.drawn import blob, texture

ROOT = Path(__file__).resolve().parent.parent
SMALL = (1280, 720)
LARGE = (1920, 1080)
_COLOURS = 256
_DRAWN = 96
_TRAIN_LIMIT_S = 900.0
_MAP_LIMIT_S = 900.0
_SLOW_S = 180.0
_GRID_QUIET_S = 2.0
_WALK = 14
"""Steps over the map, for a route that can be seen."""

WORDS = "blue dragon"
KEPT_SEEDS = (89, 400, 103, 353, 180, 385, 17, 247, 279)
"""Of the bundled model; chosen by eye among its first five hundred."""

PULLS = (("slider/shape/0", 0.7), ("slider/shape/2", 1.2), ("slider/colour/0", 1.5), ("slider/shape/4", -0.7))


class Photographer:
    """A robot with a camera.

    Args:
        robot: Sits before a studio that fills its screen.
        folder: Where pictures go.
    """

    def __init__(self, robot: Robot, folder: Path) -> None:
        self.robot = robot
        self._folder = folder

    def shoot(self, name: str, *, still: bool = True) -> None:
        """Take a picture of the whole window.

        Args:
            name: Of the file, without suffix.
            still: Whether to wait until nothing moves; a training never rests.
        """
        width, height = self.robot.picture().shape[1::-1]
        self.robot.point(width - 1, height - 1)  # where no tip pops up
        pixels = self.robot.wait_until_still() if still else self.robot.picture()
        picture = Image.fromarray(pixels)
        path = self._folder / f"{name}.png"
        picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path.name}: {width} × {height}, {path.stat().st_size / 1000:.0f} kB", flush=True)

    def open_page(self, number: int, says: str) -> None:
        """Open a page by its shortcut, and see that it is there."""
        self.robot.key(f"ctrl+{number}")
        self.robot.find(name=f"{says}-page")


@contextmanager
def studio_of(size: tuple[int, int], pictures: Path, folder: Path) -> Iterator[Photographer]:
    """A fresh studio that fills a screen of that size, its first sprite shown."""
    with virtual_screen(*size) as screen, robot_at_studio(screen, folder) as robot:
        seen = robot.wait_for("a sprite or a complaint", lambda seen: _has_sprite(seen) or _complaint(seen))
        if not _has_sprite(seen):
            raise NotSeenError(_complaint(seen))
        robot.resize(*size)
        robot.wait_until_still()
        if is_light(robot):  # the system decides which theme comes first; the dark one is wanted
            robot.key("ctrl+t")
            robot.wait_for("the dark theme", lambda _: not is_light(robot))
        robot.key("ctrl+k")  # panels were laid out for the size before
        robot.write("reset layout")
        robot.key("Return")
        yield Photographer(robot, pictures)
        robot.close()


def is_light(robot: Robot) -> bool:
    """Whether the window is in the light theme: the tone of its lowest line tells."""
    return int(robot.picture()[-1, 400].sum()) > 380


def _has_sprite(seen: Seen) -> bool:
    return "first_sprite" in seen.moments


def _complaint(seen: Seen) -> str:
    return next((spot.text for spot in seen.all(kind="Label") if "cannot be used" in spot.text), "")


# ---- exploring and exporting -------------------------------------------------------------------------


def explore(photographer: Photographer, suffix: str) -> None:
    """The Explore page as it opens, with sliders pulled, rolled, undone and with sprites kept."""
    robot = photographer.robot
    photographer.shoot(f"explore-first{suffix}")
    for name, position in PULLS:
        slider = robot.look().one(name=name)
        if slider is not None:  # a small window shows fewer
            robot.drag_slider(slider, position)
            robot.wait_until_still()
    photographer.shoot(f"sliders{suffix}")
    canvas = robot.find(name="canvas")
    before = robot.wait_until_still(canvas)
    robot.press(name="random")
    robot.wait_until_changed("the canvas", canvas, before)
    photographer.shoot(f"random{suffix}")
    robot.key("ctrl+z")
    robot.wait_for("the sprite of before", lambda _: np.array_equal(robot.picture(canvas), before))
    photographer.shoot(f"undo{suffix}")
    for seed in KEPT_SEEDS:
        keep(robot, seed)
    first_of_strip = max(robot.look().all(kind="SpriteThumb", says="Sprite 1"), key=lambda spot: spot.rect[1])
    before = robot.wait_until_still(first_of_strip)
    robot.press(text="Variations")
    robot.wait_until_changed("the strip", first_of_strip, before)
    photographer.shoot(f"explore{suffix}")
    robot.key("ctrl+t")
    robot.wait_for("the light theme", lambda _: is_light(robot))
    photographer.shoot(f"explore-light{suffix}")
    robot.key("ctrl+t")
    robot.wait_for("the dark theme", lambda _: not is_light(robot))
    robot.key("ctrl+k")
    robot.find(name="command-search")
    robot.write("sprite")
    photographer.shoot(f"palette-search{suffix}")
    robot.key("Escape")


def ways(photographer: Photographer, suffix: str) -> None:
    """The other ways to look for a sprite: words, breed, mix, map, teach."""
    photographer.open_page(1, "explore")
    words(photographer, suffix)
    breed(photographer, suffix)
    mix(photographer, suffix)
    teach(photographer, suffix)
    sprite_map(photographer, suffix)
    photographer.robot.key("alt+1")


def words(photographer: Photographer, suffix: str) -> None:
    """Candidates for words, ranked, in the strip."""
    robot = photographer.robot
    canvas = robot.find(name="canvas")
    before = robot.wait_until_still(canvas)
    robot.fill(robot.find(name="words"), WORDS)
    robot.key("Escape")  # the list of completions, or, where it did not open, back to the canvas
    robot.press(name="words")
    robot.key("Return")
    robot.wait_for("sprites for the words", lambda seen: seen.one(name="strip-offered", text=WORDS), _SLOW_S)
    robot.wait_until_changed("the canvas, once the last has come", canvas, before, _SLOW_S)
    robot.click(canvas)
    photographer.shoot(f"words{suffix}")


def breed(photographer: Photographer, suffix: str) -> None:
    """Two generations, parents marked in the second."""
    robot = photographer.robot
    robot.key("alt+2")
    robot.press(name="breed-begin")
    for generation in (1, 2):
        grid = robot.find(name="breed-grid")
        robot.wait_until_still(grid, _SLOW_S, _GRID_QUIET_S)
        robot.click(grid)
        robot.key("Right")
        robot.key("space")
        robot.wait_for("marked parents", lambda seen: any("marked: Breed" in spot.text for spot in seen.widgets))
        if generation == 1:
            robot.press(name="breed-next")
            robot.wait_for("the next generation", lambda seen: not _is_enabled(seen, "breed-next"))
    photographer.shoot(f"breed{suffix}")


def mix(photographer: Photographer, suffix: str) -> None:
    """Three sprites on the pad, two of them dragged there from the strip, and the way between them."""
    robot = photographer.robot
    robot.key("alt+3")
    robot.press(name="mix-add")
    pad = robot.find(name="mix-pad")
    for number in (2, 4):
        robot.drag(_thumb(robot, number), pad)
    robot.wait_for("a pad of three", lambda seen: says_of(seen, "mix-pad").count("%") == 3)
    x, y = pad.centre
    robot.point(x, y)
    robot.hold()
    robot.point(x + 12, y + 20)
    robot.let_go()
    robot.press(name="mix-show-steps")
    robot.wait_for("in-betweens", lambda seen: seen.one(name="strip-offered", text="In-betweens"))
    robot.wait_until_still(limit_s=_SLOW_S, quiet_s=_GRID_QUIET_S)
    photographer.shoot(f"mix{suffix}")


def teach(photographer: Photographer, suffix: str) -> None:
    """Three examples of each kind, dragged from the strip, and what was learned of them."""
    robot = photographer.robot
    robot.key("alt+1")
    robot.press(text="Random")
    robot.wait_until_still(limit_s=_SLOW_S, quiet_s=_GRID_QUIET_S)
    robot.key("ctrl+k")
    robot.find(name="command-search")
    robot.write("teach a slider")
    robot.key("Return")
    robot.find(name="teach-panel")
    for number in range(1, 7):
        robot.drag(_thumb(robot, number), robot.find(name="teach-more" if number % 2 else "teach-less"))
    robot.wait_for("what was learned", lambda seen: any("50 % is guessing" in spot.text for spot in seen.widgets))
    robot.fill(robot.find(name="teach-name"), "spiky")
    photographer.shoot(f"teach{suffix}")
    robot.press(name="teach-close")


def sprite_map(photographer: Photographer, suffix: str) -> None:
    """The map, whole, with a route over it."""
    robot = photographer.robot
    robot.key("alt+4")
    robot.wait_for("the map", lambda seen: seen.one(name="map-view"), _MAP_LIMIT_S)
    view = robot.find(name="map-view")
    robot.wait_until_still(view, _SLOW_S, _GRID_QUIET_S)
    robot.click(view)  # it has the keyboard now; the sprite lies there
    for _ in range(_WALK):
        robot.key("Right")
    robot.key("shift+Return")
    robot.wait_for("a route", lambda seen: seen.one(name="map-route"), _SLOW_S)
    robot.wait_until_still(limit_s=_SLOW_S, quiet_s=_GRID_QUIET_S)
    photographer.shoot(f"map{suffix}")


def tour(size: tuple[int, int], pictures: Path, folder: Path, suffix: str) -> None:
    """The first step of the tour, as a new user sees it."""
    with virtual_screen(*size) as screen, robot_at_studio(screen, folder, tour=True) as robot:
        robot.wait_for("the tour", lambda seen: seen.one(name="tour-mark"), _SLOW_S)
        robot.resize(*size)
        if is_light(robot):
            robot.key("ctrl+t")
            robot.wait_for("the dark theme", lambda _: not is_light(robot))
        Photographer(robot, pictures).shoot(f"tour{suffix}")
        robot.close()


def _thumb(robot: Robot, number: int) -> Spot:
    """A sprite of the strip; thumbnails elsewhere stand higher."""
    return max(robot.look().all(kind="SpriteThumb", says=f"Sprite {number}"), key=lambda spot: spot.rect[1])


def says_of(seen: Seen, name: str) -> str:
    """What a screen reader would say of a spot; empty if it is not there."""
    spot = seen.one(name=name)
    return "" if spot is None else spot.says


def _is_enabled(seen: Seen, name: str) -> bool:
    spot = seen.one(name=name)
    return spot is not None and spot.enabled


def critic(photographer: Photographer, suffix: str) -> None:
    """Heat with the worst pixel's replacements; a better version with its parts."""
    robot = photographer.robot
    robot.key("w")
    robot.find(name="heat-bar")
    robot.wait_until_still()
    robot.key("shift+w")
    robot.find(name="replacement-0")
    photographer.shoot(f"blame{suffix}")
    robot.key("Escape")
    robot.key("w")
    robot.key("ctrl+i")
    robot.find(name="improve-panel")
    robot.press(name="improve-start")
    robot.wait_for("a better version", lambda seen: _is_enabled(seen, "improve-accept-all"), _SLOW_S)
    x, y, width, _ = robot.find(name="improve-regions").rect
    robot.click_all([(x + width // 2, y + 3 * 4)])  # beside its box: the first part is outlined, and stays checked
    photographer.shoot(f"improve{suffix}")
    robot.press(name="improve-close")


def keep(robot: Robot, seed: int) -> None:
    """Draw the sprite of a seed and bookmark it."""
    canvas = robot.find(name="canvas")
    before = robot.wait_until_still(canvas)
    robot.fill(robot.find(name="seed"), str(seed))
    robot.key("Return")
    robot.wait_until_changed(f"the canvas with seed {seed}", canvas, before)
    robot.wait_until_still(canvas)
    robot.press(says="Bookmark")


def export(photographer: Photographer, suffix: str, folder: Path) -> None:
    """The Export page with the kept sprites, and after writing them."""
    robot = photographer.robot
    robot.key("ctrl+e")
    robot.find(name="export-page")
    photographer.shoot(f"export{suffix}")
    robot.fill(robot.find(says="Where to write"), str(folder / "kept.png"))
    button = robot.wait_for(
        "the button", lambda seen: [one for one in seen.all(kind="TextButton") if re.match(r"Export \d", one.text)]
    )
    robot.click(next(one for one in button.all(kind="TextButton") if re.match(r"Export \d", one.text)))
    robot.wait_for("what was written", lambda seen: any("read back" in spot.text for spot in seen.widgets))
    photographer.shoot(f"export-done{suffix}")


# ---- art and training --------------------------------------------------------------------------------


def data(photographer: Photographer, suffix: str, art: Path) -> None:
    """The Data page, empty and with art."""
    robot = photographer.robot
    photographer.open_page(3, "data")
    photographer.shoot(f"data-empty{suffix}")
    robot.press(text="Choose a folder…")
    robot.choose_in_dialog(art)
    robot.wait_for("thumbnails", lambda seen: any(" sprites, mostly " in spot.says for spot in seen.widgets), _SLOW_S)
    robot.wait_for(
        "what the doctor found", lambda seen: _is_enabled(seen, "doctor-panel") and not _compares(seen), _SLOW_S
    )
    robot.wait_until_still(limit_s=120)
    photographer.shoot(f"data{suffix}")


def _compares(seen: Seen) -> bool:
    return any("Comparing every sprite" in spot.text for spot in seen.widgets)


def train(photographer: Photographer, suffix: str, art: Path, minutes: float) -> None:
    """The Train page: empty, ready to start, running, done; then its model on the Explore page."""
    robot = photographer.robot
    photographer.open_page(2, "train")
    photographer.shoot(f"train-empty{suffix}")
    robot.press(text="Folder…")
    robot.choose_in_dialog(art)
    robot.wait_for("the sprites found", lambda seen: any(" mostly " in spot.text for spot in seen.widgets), 180)
    robot.press(name="look-quick")
    photographer.shoot(f"train-start{suffix}")
    robot.press(text="Start training")
    wanted_s = 60 * minutes
    robot.wait_for("half of the training", lambda seen: _elapsed_s(seen) >= wanted_s / 2, _TRAIN_LIMIT_S)
    photographer.shoot(f"train-running{suffix}", still=False)
    robot.wait_for("the whole of it", lambda seen: _elapsed_s(seen) >= wanted_s, _TRAIN_LIMIT_S)
    robot.press(text="Stop")
    robot.wait_for("a model", lambda seen: seen.one(text="Explore this model"), _TRAIN_LIMIT_S)
    photographer.shoot(f"train-done{suffix}")
    generation = robot.look().generation
    robot.press(text="Explore this model")
    robot.wait_for("its first sprite", lambda seen: seen.one(name="canvas") and seen.generation > generation)
    robot.wait_until_still(quiet_s=2.0)  # the strip draws two dozen sprites
    photographer.shoot(f"explore-own-model{suffix}")


def _elapsed_s(seen: Seen) -> float:
    found = [re.match(r"elapsed (\d+) (s|min)$", spot.text) for spot in seen.all(kind="Label")]
    return max((int(match[1]) * (60 if match[2] == "min" else 1) for match in found if match), default=0)


def drawn_art(folder: Path) -> Path:
    """Creatures and walls drawn by code, for those who have no art at hand."""
    folder.mkdir(parents=True)
    for number in range(_DRAWN):
        sprite = texture(number) if number % 4 == 3 else blob(number)
        Image.fromarray(np.array(sprite.rgba_HWC)).save(folder / f"{sprite.name}.png")
    return folder


def main() -> int:
    """Make every picture; 0 when all are there."""
    parser = argparse.ArgumentParser(description="Every picture of the manual, from the real program.")
    parser.add_argument("--art", type=Path, help="folder of art for the training pictures")
    parser.add_argument("--minutes", type=float, default=0.5, help="how long it trains before each Stop")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    parser.add_argument("--only", choices=("explore", "ways", "data", "train"), help="only these pages")
    parser.add_argument("--size", choices=("small", "large"), help="only 1280 × 720, or only 1920 × 1080")
    arguments = parser.parse_args()
    if missing := missing_programs():
        print(f"This needs {' and '.join(missing)} (packaging/debian-packages.txt).", file=sys.stderr)
        return 1
    out: Path = arguments.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lunar-") as name:
        folder = Path(name)
        drawn = drawn_art(folder / "creatures")
        art = arguments.art.absolute() if arguments.art else drawn
        for size, suffix in ((SMALL, "-1280"), (LARGE, "")):
            if arguments.size and size != {"small": SMALL, "large": LARGE}[arguments.size]:
                continue
            if arguments.only in (None, "ways"):
                tour(size, out, folder / f"tour{suffix}", suffix)
            with studio_of(size, out, folder / f"studio{suffix}") as photographer:
                if arguments.only in (None, "explore"):
                    critic(photographer, suffix)
                    explore(photographer, suffix)
                    export(photographer, suffix, folder)
                if arguments.only in (None, "ways"):
                    ways(photographer, suffix)
                if arguments.only in (None, "data"):
                    data(photographer, suffix, drawn)  # a page full of somebody's art is somebody's art
                if arguments.only in (None, "train"):
                    train(photographer, suffix, art, arguments.minutes)
    total = sum(path.stat().st_size for path in out.glob("*.png"))
    print(f"{out}: {total / 1e6:.1f} MB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
