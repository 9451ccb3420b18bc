"""A robot before the real studio: it looks at the screen, moves the mouse and types, and knows nothing else.

The studio runs as a process of its own, with its own folders, on a virtual screen; mouse and keyboard are X's
(`xdotool`). What is where comes from `lunar_studio.gui.ui_map`; what it looks like comes from the screen's pixels.
Every wait is for something that can be seen, with a limit.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
from PIL import Image

from lunar_studio.core.arrays import U8
from lunar_studio.gui.ui_map import VARIABLE
from lunar_studio.paths import HOME_VARIABLE
from tests.e2e.screen import Rect, Screen

WAIT_S = 60.0
_LOOK_S = 0.05
_REACH = 400  # of a latent slider, in hundredths of a standard deviation


class NotSeenError(AssertionError):
    """Something did not appear on the screen in time."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Something on the screen, as the map tells it."""

    name: str
    kind: str
    says: str
    text: str
    rect: Rect
    enabled: bool
    window: str
    value: float | bool | None = None
    groove: Rect | None = None

    @property
    def centre(self) -> tuple[int, int]:
        """Where to click it."""
        x, y, width, height = self.rect
        return x + width // 2, y + height // 2


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything on the screen at one moment."""

    moments: dict[str, float]
    generation: int
    focus: str
    widgets: tuple[Spot, ...]

    def all(self, **wanted: str) -> tuple[Spot, ...]:
        """Spots whose attributes are these, e.g. `kind="Card", says="Sprites"`."""
        return tuple(
            spot for spot in self.widgets if all(getattr(spot, name) == value for name, value in wanted.items())
        )

    def one(self, **wanted: str) -> Spot | None:
        """The first of them, or None."""
        return next(iter(self.all(**wanted)), None)


@dataclass(slots=True)
class Robot:
    """Sits before one studio.

    Attributes:
        screen: Where it looks.
        home: The studio's folders.
        process: The studio.
        launched_at_s: When it was started, in seconds since 1970.
        patience_s: How long it waits for anything; more on a machine that does much else.
        pause_s: Between two looks while it waits.
    """

    screen: Screen
    home: Path
    process: subprocess.Popen[bytes]
    launched_at_s: float
    _map: Path
    _mouse: tuple[int, int] = field(default=(0, 0))
    patience_s: float = WAIT_S
    pause_s: float = _LOOK_S

    # ---- looking -----------------------------------------------------------------------------------

    def look(self) -> Seen:
        """Everything on the screen now.

        Raises:
            NotSeenError: The studio has ended, or does not answer.
        """
        ask = self._map.with_name(self._map.name + ".ask")
        ask.touch()
        deadline = time.monotonic() + self.patience_s
        while ask.exists():
            if self.process.poll() is not None:
                raise NotSeenError(f"the studio ended with status {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise NotSeenError(f"the studio did not answer within {self.patience_s:.0f} s:\n{self.log()}")
            time.sleep(0.01)
        return msgspec.json.decode(self._map.read_bytes(), type=Seen)

    def wait_for(self, what: str, holds: Callable[[Seen], object], limit_s: float | None = None) -> Seen:
        """Look until `holds` says something true.

        Raises:
            NotSeenError: It did not within the limit; the screen is kept as a picture beside the studio's folders.
        """
        limit_s = self.patience_s if limit_s is None else limit_s
        deadline = time.monotonic() + limit_s
        while True:
            seen = self.look()
            if holds(seen):
                return seen
            if time.monotonic() > deadline:
                kept = self.home.parent / "not-seen.png"
                Image.fromarray(self.screen.picture()).save(kept)
                raise NotSeenError(f"{what}: not seen within {limit_s:.0f} s; the screen is in {kept}\n{self.log()}")
            time.sleep(self.pause_s)

    def find(self, **wanted: str) -> Spot:
        """The first spot with these attributes, once it is there and can be used."""
        words = ", ".join(f"{name} {value!r}" for name, value in wanted.items())

        def usable(seen: Seen) -> bool:
            return any(spot.enabled for spot in seen.all(**wanted))

        seen = self.wait_for(words, usable)
        return next(spot for spot in seen.all(**wanted) if spot.enabled)

    def picture(self, spot: Spot | None = None) -> U8:
        """The pixels of a spot, or of the whole screen."""
        return self.screen.picture(None if spot is None else spot.rect)

    def wait_until_changed(self, what: str, spot: Spot, before: U8, limit_s: float | None = None) -> U8:
        """Wait until a spot looks different; returns its pixels."""
        self.wait_for(f"{what} to change", lambda _: not np.array_equal(self.picture(spot), before), limit_s)
        return self.picture(spot)

    def wait_until_still(self, spot: Spot | None = None, limit_s: float = WAIT_S, quiet_s: float = 0.25) -> U8:
        """Wait until a spot has looked the same for a while; returns its pixels.

        Raises:
            NotSeenError: It never did within the limit.
        """
        last, since = self.picture(spot), time.monotonic()
        deadline = since + limit_s
        while time.monotonic() - since < quiet_s:
            time.sleep(_LOOK_S)
            now = self.picture(spot)
            if not np.array_equal(now, last):
                last, since = now, time.monotonic()
            if time.monotonic() > deadline:
                raise NotSeenError(f"the screen was not still within {limit_s:.0f} s")
        return last

    def log(self) -> str:
        """What the studio wrote."""
        path = self.home.parent / "studio.log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""

    # ---- mouse and keyboard ------------------------------------------------------------------------

    def _do(self, *words: object) -> None:
        subprocess.run(
            ["xdotool", *map(str, words)],
            env=self.screen.environment,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    def click(self, spot: Spot, button: int = 1) -> None:
        """Click the middle of a spot."""
        self._do("mousemove", *spot.centre, "click", button)

    def click_all(self, places: Sequence[tuple[int, int]], pause_s: float = 0.03) -> None:
        """Click one place after the other, given as x and y on the screen."""
        for x, y in places:
            self._do("mousemove", x, y, "click", 1)
            time.sleep(pause_s)

    def press(self, **wanted: str) -> Spot:
        """Find a spot and click it; returns it."""
        spot = self.find(**wanted)
        self.click(spot)
        return spot

    def double_click(self, spot: Spot) -> None:
        """Click the middle of a spot twice."""
        self._do("mousemove", *spot.centre, "click", "--repeat", 2, "--delay", 40, 1)

    def point(self, x: int, y: int) -> None:
        """Move the mouse."""
        self._do("mousemove", x, y)

    def hold(self, button: int = 1) -> None:
        """Press a button of the mouse and keep it down."""
        self._do("mousedown", button)

    def let_go(self, button: int = 1) -> None:
        """Let a held button of the mouse go."""
        self._do("mouseup", button)

    def drag(self, start: Spot, end: Spot, steps: int = 8) -> None:
        """Drag one spot onto another."""
        (x, y), (to_x, to_y) = start.centre, end.centre
        self._do("mousemove", x, y, "mousedown", 1)
        for step in range(1, steps + 1):
            self._do("mousemove", x + (to_x - x) * step // steps, y + (to_y - y) * step // steps)
            time.sleep(_LOOK_S)
        self._do("mouseup", 1)
        time.sleep(_LOOK_S)

    def drag_slider(self, slider: Spot, to: float, steps: int = 12) -> None:
        """Take a latent slider's moon and pull it to a position, in standard deviations, as a hand does."""
        x, y, width, height = cast(Rect, slider.groove)
        middle = y + height // 2

        def place(position: float) -> int:
            return round(x + (position * 100 + _REACH) / (2 * _REACH) * width)

        start = float(slider.value or 0) / 100
        path = [start + (to - start) * step / steps for step in range(1, steps + 1)]
        self._do("mousemove", place(start), middle, "mousedown", 1)
        for position in path:
            self._do("mousemove", place(position), middle)
        self._do("mouseup", 1)

    def key(self, keys: str) -> None:
        """Press keys together, such as `ctrl+z`."""
        self._do("key", "--clearmodifiers", keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", 4, text)

    def fill(self, spot: Spot, text: str) -> None:
        """Replace what stands in a field."""
        self.click(spot)
        self.key("ctrl+a")
        self.write(text)

    # ---- the window --------------------------------------------------------------------------------

    def resize(self, width: int, height: int) -> None:
        """Put the window into the upper left corner, that large, and give it the keyboard."""
        self.find(name="main-window")
        self._do("search", "--onlyvisible", "--name", "Lunar Studio", "windowmove", 0, 0, "windowsize", width, height)
        self.wait_for("the new size", lambda seen: _is_at(seen.one(name="main-window"), (0, 0, width, height)))
        self.take_the_keyboard()

    def take_the_keyboard(self) -> None:
        """Give the window the keyboard; without a window manager nobody else does when a dialog has closed."""
        self._do("search", "--onlyvisible", "--name", "Lunar Studio", "windowfocus")

    def choose_in_dialog(self, path: Path) -> None:
        """Wait for a dialog that asks for a file or a folder, type a path, and see the dialog gone."""
        self.wait_for("the dialog", _has_dialog)
        self.wait_for("the path in the dialog", lambda seen: self._has_typed(seen, str(path)))
        self.key("Return")
        self.wait_for("no dialog", lambda seen: not _has_dialog(seen))
        self.take_the_keyboard()

    def _has_typed(self, seen: Seen, path: str) -> bool:
        """Whether a path stands in the dialog; type it if not: the first letters are lost while it has no keyboard."""
        field = seen.one(name="fileNameEdit")
        if field is None or field.text == path:
            return field is not None
        self.key("ctrl+a")
        self.write(path)
        return False

    def close(self, limit_s: float = WAIT_S) -> int:
        """Quit by keyboard; returns the studio's exit status."""
        self.key("ctrl+q")
        return self.process.wait(limit_s)


def _has_dialog(seen: Seen) -> bool:
    return seen.one(kind="QFileDialog") is not None


def _is_at(spot: Spot | None, rect: Rect) -> bool:
    return spot is not None and spot.rect == rect


@contextmanager
def robot_at_studio(screen: Screen, folder: Path, *arguments: str, tour: bool = False) -> Iterator[Robot]:
    """Start the studio and sit before it; at the end it is gone, whatever happened.

    Args:
        screen: Where its window opens.
        folder: Gets the studio's folders (`home`), its map and its log.
        *arguments: For the command, after `gui`.
        tour: Whether the studio greets a new user with its tour; else it was seen before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home, told = folder / "home", folder / "map.json"
    if not tour:
        settings = home / "config" / "settings.json"
        if not settings.exists():
            settings.parent.mkdir(parents=True, exist_ok=True)
            settings.write_text('{"version": 1, "settings": {"help.tour_seen": true}}', encoding="utf-8")
    environment = screen.environment | {HOME_VARIABLE: str(home), VARIABLE: str(told)}
    environment["XDG_DATA_HOME"] = str(home / "share")  # what is deleted goes into a bin of its own
    for name in ("OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"):  # as on an artist's machine
        environment.pop(name, None)
    with (folder / "studio.log").open("wb") as log:
        launched_at_s = time.time()
        command = [sys.executable, "-m", "lunar_studio", "gui", *arguments]
        with subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT) as process:
            try:
                yield Robot(screen, home, process, launched_at_s, told)
            finally:
                if process.poll() is None:
                    process.kill()
