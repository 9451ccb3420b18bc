"""An artist's session with the critic: `.venv/bin/python packaging/critic_session.py DATASET [--write]`.

Ten held-out sprites are made worse in ten ways (`tests/bench/worse.py`) in the real window on a virtual screen: the
small ones by mouse, with pencil and eraser, the others as pictures that are opened. After each the meter, the experts,
lint and the blame map are read. What the window says is held against the engine, which judges the same pixels; exit
status 1 when they disagree. The sprites are the first of a fixed order that have a place for the damage and score 40
to 95; nobody chose them by what came out.

With `--write` the table goes into docs/critic.md; pictures, which show the art, go where `--pictures` says.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the robot lives with the tests

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintReport, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.explore.blame import blame, neighbours_say
from lunar_studio.explore.engine import Engine, load
from lunar_studio.pixels.lint import examine
from lunar_studio.pixels.lint.subject import Bool
from tests.bench.figures import markdown, with_part
from tests.bench.worse import WAYS, Way, touched
from tests.e2e.robot import NotSeenError, Robot, Seen, Spot, robot_at_studio
from tests.e2e.screen import missing_programs, virtual_screen

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "critic.md"
BEGIN, END = "<!-- session: made by packaging/critic_session.py -->", "<!-- end of session -->"
SIZE = (1440, 900)
ZOOM = 6
"""Device pixels for each pixel of the sprite, in the pictures and under the mouse."""

_SEED = 1
_BETWEEN = (40.0, 95.0)
_FALLS = 10.0
"""So many points must the meter lose for a fall that nobody overlooks."""

_PICTURES = (
    "Two pictures of it, each sprite before and after with its heat and panels, go where `--pictures` says; they "
    "show the\nart itself, which is not ours, so none is kept here."
)
_SMALL = 1 / 3
"""Where more than this share of the sprite is harmed, no map can be far better than chance."""

_SLOW_S = 180.0
_TRIES, _TRY_S = 9, 20.0
_METER_S = 120.0
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Case:
    """A sprite and what was made of it.

    Attributes:
        way: How.
        good: Before.
        worse: After.
    """

    way: Way
    good: Sprite
    worse: Sprite


@dataclass(frozen=True, slots=True)
class Told:
    """What the critic says of one case.

    Attributes:
        case: Which.
        before: The teacher's judgement of the good sprite.
        after: Of the worse one.
        lint_before: Lint's.
        lint_after: Lint's.
        inside: Share of the blame map's heat on pixels that were changed.
        chance: Share of the pixels that heat could lie on.
        strips: Pictures from the window: before, after, heat, teacher, lint.
        agrees: Whether the window showed the engine's figures.
    """

    case: Case
    before: Score
    after: Score
    lint_before: LintReport
    lint_after: LintReport
    inside: float
    chance: float
    strips: tuple[U8, ...]
    agrees: bool

    @property
    def new_rules(self) -> list[str]:
        """Rules that warn now and did not before."""
        had = {finding.rule for finding in self.lint_before.warnings}
        return sorted({finding.rule for finding in self.lint_after.warnings} - had)

    @property
    def fallen(self) -> list[str]:
        """The experts that fell furthest, with their points; at most two."""
        pairs = zip(self.before.experts, self.after.experts, strict=True)
        falls = sorted((after.value - before.value, after.name) for before, after in pairs)
        return [f"{name} {fall:+.0f}" for fall, name in falls[:2] if fall < -1]


# ---- what is made worse ----------------------------------------------------------------------------------


def cases(engine: Engine, dataset: Dataset) -> Iterator[Case]:
    """One for each way, of held-out sprites, no sprite twice."""
    order = np.random.default_rng(_SEED).permutation(dataset.indices("validation"))
    art = [Sprite(dataset.sprites_NHWC[at]).cleaned() for at in order[:200]]
    scores = [score.value for score in engine.score_many(art)]
    waiting = [sprite for sprite, score in zip(art, scores, strict=True) if _BETWEEN[0] <= score <= _BETWEEN[1]]
    for number, way in enumerate(WAYS):
        for at, good in enumerate(waiting):
            donor = art[(7 * at + number) % len(art)]
            rng = np.random.default_rng([_SEED, number, at])
            made = way.harm(good.rgba_HWC, rng, donor.rgba_HWC)
            visible = float((good.rgba_HWC[..., 3] > 0).mean())
            if made is None or not 0.15 <= visible <= 0.8 or not touched(good.rgba_HWC, made).any():
                continue
            waiting.pop(at)
            yield Case(way, Sprite(good.rgba_HWC, f"{way.id}-good"), Sprite(made, f"{way.id}-worse").cleaned())
            break


# ---- the window ------------------------------------------------------------------------------------------


class Artist:
    """A robot with a hand for pixels.

    Args:
        robot: Sits before a studio that fills its screen.
        folder: Where pictures to open are put.
    """

    def __init__(self, robot: Robot, folder: Path) -> None:
        self.robot = robot
        self._folder = folder

    @property
    def canvas(self) -> Spot:
        """Where it is."""
        return self.robot.find(name="canvas")

    def corner(self, sprite: Sprite) -> tuple[int, int]:
        """Where the sprite's upper left corner is on the screen."""
        x, y, width, height = self.canvas.rect
        return x + (width - sprite.width * ZOOM) // 2, y + (height - sprite.height * ZOOM) // 2

    def sees(self, sprite: Sprite) -> bool:
        """Whether every opaque pixel of a sprite is on the canvas, and no other where it is transparent."""
        left, top = self.corner(sprite)
        at = np.arange(sprite.height) * ZOOM + ZOOM // 2
        across = np.arange(sprite.width) * ZOOM + ZOOM // 2
        screen = self.robot.picture()
        shown_HWC = screen[(top + at)[:, None], (left + across)[None, :]].astype(int)
        opaque_HW = sprite.rgba_HWC[..., 3] == 255
        clear_HW = sprite.rgba_HWC[..., 3] == 0
        grey = np.ptp(shown_HWC, axis=2) <= 40
        exact = (shown_HWC[opaque_HW] == sprite.rgba_HWC[opaque_HW][:, :3]).all()
        return bool(exact and grey[clear_HW].mean() > 0.99)

    def open(self, sprite: Sprite) -> None:
        """Open a picture, and lay its own pixels over what the model draws."""
        path = self._folder / f"{sprite.name}.png"
        Image.fromarray(np.array(sprite.rgba_HWC)).save(path)
        self.robot.key("ctrl+shift+o")
        self.robot.choose_in_dialog(path)
        # Own pixels that are laid before the model's first drawing would be lost under it.
        self.robot.wait_for("the model's drawing", lambda seen: _told_of(seen).startswith(f"{sprite.name}:"))
        self._rest_the_mouse()  # its arrow is on the screen's pixels too
        self.robot.wait_until_still(self.canvas)
        for _ in range(_TRIES):  # what the model still finds of the picture comes over pixels laid too early
            self.robot.key("shift+v")
            try:
                self.robot.wait_for("the picture's own pixels", lambda _: self.sees(sprite), _TRY_S)
            except NotSeenError:
                continue
            return
        raise NotSeenError(f"{sprite.name} never stood there with its own pixels\n{self.robot.log()}")

    def paint(self, case: Case) -> None:
        """Make the sprite worse, pixel by pixel, with eraser and pencil."""
        left, top = self.corner(case.good)
        harmed_HW = touched(case.good.rgba_HWC, case.worse.rgba_HWC)
        wanted: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for y, x in np.argwhere(harmed_HW).tolist():
            wanted.setdefault(tuple(case.worse.rgba_HWC[y, x].tolist()), []).append((x, y))
        for rgba, pixels in wanted.items():
            if rgba[3] == 0:
                self.robot.key("e")
            else:
                self.robot.key("b")
                self._take_colour(case.good, rgba, harmed_HW)
            self.robot.click_all([(left + x * ZOOM + ZOOM // 2, top + y * ZOOM + ZOOM // 2) for x, y in pixels])
        self.robot.key("h")
        self._rest_the_mouse()
        self.robot.wait_for("the worse sprite", lambda _: self.sees(case.worse))

    def _take_colour(self, good: Sprite, rgba: tuple[int, ...], harmed_HW: Bool) -> None:
        """Pick a colour from a pixel that has it and keeps it."""
        y, x = np.argwhere((good.rgba_HWC == rgba).all(axis=2) & ~harmed_HW)[0].tolist()
        left, top = self.corner(good)
        self.robot.key("i")
        self.robot.click_all([(left + x * ZOOM + ZOOM // 2, top + y * ZOOM + ZOOM // 2)])
        self.robot.key("b")

    def _rest_the_mouse(self) -> None:
        width, height = SIZE
        self.robot.point(width - 1, height - 1)  # where no tip pops up

    def sprite_area(self, sprite: Sprite) -> tuple[int, int, int, int]:
        """Where the sprite is, with a margin."""
        left, top = self.corner(sprite)
        side = sprite.width * ZOOM
        return left - ZOOM, top - ZOOM, side + 2 * ZOOM, side + 2 * ZOOM

    def crop(self, area: tuple[int, int, int, int]) -> U8:
        """Pixels of the screen, once they are still."""
        self._rest_the_mouse()
        self.robot.wait_until_still(limit_s=_SLOW_S, quiet_s=0.6)
        return self.robot.screen.picture(area)

    def open_matter(self, name: str) -> None:
        """Open a side matter under the score."""
        button = self.robot.find(name=f"matter/{name}")
        if not button.value:
            self.robot.click(button)
            self.robot.wait_for(f"open {name}", lambda seen: _is_down(seen, f"matter/{name}"))

    def heat(self, sprite: Sprite) -> U8:
        """The blame map over the sprite."""
        self.robot.key("w")
        self.robot.find(name="heat-layer")
        picture = self.crop(self.sprite_area(sprite))
        self.robot.key("w")
        self.robot.wait_for("no heat", lambda seen: seen.one(name="heat-layer") is None)
        return picture


def _told_of(seen: Seen) -> str:
    """What the bar says of the picture that was opened."""
    spot = seen.one(name="own-sprite-said")
    return "" if spot is None else spot.text


def _is_down(seen: Seen, name: str) -> bool:
    spot = seen.one(name=name)
    return spot is not None and bool(spot.value)


def shown_score(seen: Seen) -> int:
    """The number on the meter."""
    spot = seen.one(name="score-meter")
    found = None if spot is None else re.match(r"Score (\d+)", spot.says)
    return -1 if found is None else int(found[1])


def shown_warnings(seen: Seen) -> int:
    """How many warnings the lint button counts."""
    spot = seen.one(name="matter/lint")
    return int("0" + "".join(re.findall(r"\d", spot.text))) if spot is not None else -1


def tell(artist: Artist, engine: Engine, case: Case) -> Told:
    """Go through one case in the window, and say what the critic said."""
    robot = artist.robot
    before, after = engine.score(case.good), engine.score(case.worse)
    lint_before, lint_after = examine(case.good), examine(case.worse)
    artist.open(case.good)
    agrees = _meter_comes_to(robot, before, lint_before)
    good_picture = artist.crop(artist.sprite_area(case.good))
    if case.way.by_mouse:
        artist.paint(case)
    else:
        artist.open(case.worse)
    agrees &= _meter_comes_to(robot, after, lint_after)
    artist.open_matter("experts")
    worse_picture = artist.crop(artist.sprite_area(case.worse))
    teacher = artist.crop(robot.find(name="teacher-panel").rect)
    heat = artist.heat(case.worse)
    artist.open_matter("lint")
    lint = artist.crop(robot.find(name="lint-panel").rect)
    artist.open_matter("experts")
    heat_HW = blame(engine, case.worse).heat_HW
    harmed_HW = touched(case.good.rgba_HWC, case.worse.rgba_HWC)
    _, near = neighbours_say(case.worse.rgba_HWC)
    among_HW = harmed_HW.copy()
    among_HW[near[:, 0], near[:, 1]] = True
    inside = float(heat_HW[harmed_HW].sum() / max(1e-9, float(heat_HW.sum())))
    return Told(
        case,
        before,
        after,
        lint_before,
        lint_after,
        inside,
        float(harmed_HW.sum() / among_HW.sum()),
        (good_picture, worse_picture, heat, teacher, lint),
        agrees,
    )


def _meter_comes_to(robot: Robot, score: Score, lint: LintReport) -> bool:
    """Whether the window comes to show what the engine says; it is given a while, the machine may be busy."""
    wanted = round(score.value), len(lint.warnings)
    try:
        robot.wait_for("the score", lambda seen: (shown_score(seen), shown_warnings(seen)) == wanted, _METER_S)
    except NotSeenError:
        seen = robot.look()
        print(f"  the window says {shown_score(seen)} and {shown_warnings(seen)} warnings, the engine {wanted}")
        return False
    return True


# ---- what is told of it ------------------------------------------------------------------------------------


def row(told: Told) -> list[str]:
    """One line of the table."""
    lint = ", ".join(f"`{rule}`" for rule in told.new_rules) or "–"
    times = told.inside / told.chance if told.chance else 0.0
    return [
        f"{told.case.way.said}{' (by mouse)' if told.case.way.by_mouse else ''}",
        f"{told.before.value:.0f} → {told.after.value:.0f}",
        ", ".join(told.fallen) or "–",
        f"{lint} ({told.lint_before.score:.0f} → {told.lint_after.score:.0f})",
        f"{told.inside:.0%}",
        f"{told.chance:.0%}",
        f"{times:.1f}×",
    ]


HEADS = ["made worse by", "score", "experts", "lint", "heat on it", "its share", ""]


def summary(all_told: list[Told]) -> str:
    """What it comes to."""
    fell = sum(told.before.value - told.after.value >= _FALLS for told in all_told)
    has_rule = [told for told in all_told if told.case.way.rules]
    noticed = sum(bool(set(told.case.way.rules) & set(told.new_rules)) for told in has_rule)
    small = [told for told in all_told if told.chance <= _SMALL]
    twice = sum(told.inside >= 2 * told.chance for told in small)
    agree = sum(told.agrees for told in all_told)
    return (
        f"The meter fell by {_FALLS:.0f} points or more in {fell} of {len(all_told)}; lint noticed {noticed} of the "
        f"{len(has_rule)} that it has a rule for; at least twice as much heat as by chance lay on what was harmed in "
        f"{twice} of the {len(small)} that leave two thirds of the sprite alone. "
        f"The window showed the engine's figures in {agree} of {len(all_told)}."
    )


def contact_sheet(all_told: list[Told]) -> Image.Image:
    """A row for each case: before, after, heat, what the teacher says, what lint says."""
    gap, head = 8, 22
    widths = [max(told.strips[at].shape[1] for told in all_told) for at in range(5)]
    heights = [max(strip.shape[0] for strip in told.strips) + head + gap for told in all_told]
    sheet = Image.new("RGB", (sum(widths) + gap * 6, sum(heights) + gap), "#0e111c")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    top = gap
    for told, height in zip(all_told, heights, strict=True):
        words = f"{told.case.way.said}: {told.before.value:.0f} to {told.after.value:.0f}"
        draw.text((gap, top), words, fill="#f4d675", font=font)
        left = gap
        for strip, width in zip(told.strips, widths, strict=True):
            sheet.paste(Image.fromarray(strip), (left, top + head))
            left += width + gap
        top += height
    return sheet


def write(text: str) -> None:
    """Put the table into the page.

    Raises:
        ValueError: The page has no place for it.
    """
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, text), encoding="utf-8")


def session(engine: Engine, found: list[Case], folder: Path, model: Path | None, pictures: Path) -> list[Told]:
    """All cases in one window."""
    arguments = () if model is None else ("--model", str(model.absolute()))
    all_told: list[Told] = []
    with virtual_screen(*SIZE) as screen, robot_at_studio(screen, folder, *arguments) as robot:
        robot.patience_s, robot.pause_s = _SLOW_S, _PAUSE_S
        robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments)
        robot.resize(*SIZE)
        robot.wait_until_still()
        if int(robot.picture()[-1, 400].sum()) > 380:  # the light theme; the pictures want the dark one
            robot.key("ctrl+t")
        robot.key("shift+s")  # ribbons along the sliders would be worked out anew for every sprite
        robot.click(robot.find(name="canvas"))
        robot.key(str(ZOOM))
        artist = Artist(robot, folder)
        for case in found:
            told = tell(artist, engine, case)
            print(" | ".join(row(told)), flush=True)
            all_told.append(told)
            if case.way.id == "specks":
                window_picture(artist, pictures)
        robot.close()
    return all_told


def window_picture(artist: Artist, pictures: Path) -> None:
    """The whole window: heat over specks, and the finding that lint has for them, clicked."""
    robot = artist.robot
    robot.key("0")
    artist.open_matter("lint")
    view = robot.find(name="lint-findings")
    x, y, _, _ = view.rect
    robot.click_all([(x + 60, y + 12)])
    robot.key("w")
    robot.find(name="heat-layer")
    picture = Image.fromarray(artist.crop((0, 0, *SIZE)))
    picture.quantize(256, dither=Image.Dither.NONE).save(pictures / "critic-window.png", optimize=True)
    robot.key("w")
    artist.open_matter("experts")
    robot.click(robot.find(name="canvas"))
    robot.key(str(ZOOM))


def main() -> int:
    """Go through it; 1 when the window and the engine do not say the same."""
    parser = argparse.ArgumentParser(description="Ten sprites made worse in ten ways, and what the critic says.")
    parser.add_argument("dataset", type=Path, help="a built data set; held-out sprites are used")
    parser.add_argument("--model", type=Path, help="a model file; the bundled model without")
    parser.add_argument("--write", action="store_true", help="put the table into docs/critic.md")
    parser.add_argument("--pictures", type=Path, default=Path("critic-session"), help="where pictures go")
    parser.add_argument("--only", nargs="+", choices=[way.id for way in WAYS], help="only these ways")
    arguments = parser.parse_args()
    if missing := missing_programs():
        print(f"This needs {' and '.join(missing)} (packaging/debian-packages.txt).", file=sys.stderr)
        return 1
    engine = load(arguments.model)
    found = list(cases(engine, Dataset.open(arguments.dataset)))
    if arguments.only:
        found = [case for case in found if case.way.id in arguments.only]
    pictures: Path = arguments.pictures
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lunar-") as name:
        all_told = session(engine, found, Path(name), arguments.model, pictures)
    sheet = contact_sheet(all_told)
    sheet.quantize(256, dither=Image.Dither.NONE).save(pictures / "critic-session.png", optimize=True)
    text = f"{markdown(HEADS, [row(told) for told in all_told])}\n\n{summary(all_told)} Model: {engine.info.name}."
    print(f"\n{text}")
    if arguments.write:
        write(f"{text}\n\n{_PICTURES}")
    return 0 if all(told.agrees for told in all_told) else 1


if __name__ == "__main__":
    sys.exit(main())
