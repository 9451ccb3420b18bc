"""Ten thousand random things done in the real window: `python -m tests.soak.exploring [--actions 10000] [--seed 0]`.

The studio itself on the bundled model, in folders of its own; an artist made of chance (`tests.soak.artist`) drags,
paints, breeds, mixes, teaches, walks over the map, undoes, saves and opens. It passes when nothing has broken (no
exception anywhere, no warning of Qt's), every thread ends, and memory has grown by less than 50 MB between the first
tenth and the end. `--write` puts the result into docs/reliability.md. A short form is in the suite.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Slot, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from lunar_studio import paths
from lunar_studio.app import Studio
from lunar_studio.gui.crash import CrashReporter
from lunar_studio.workers.freed_memory import give_back
from lunar_studio.workers.thread_host import Crash
from tests.bench.figures import machine_facts, machine_sentence, markdown, with_part
from tests.bench.hand import Wait
from tests.soak.artist import Artist
from tests.soak.hands import Answers, chosen_files, turn

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- results: made by python -m tests.soak.exploring -->", "<!-- end of results of exploring -->"
MOST_GROWTH_MB = 50.0
_WARM_UP_SHARE = 0.1
_LOAD_LIMIT_MS = 120_000
_SETTLE_EVERY = 25
_SETTLE_LIMIT_S = 120.0  # on a busy machine the model may come to its turn late
# The plugin without a screen, and the testing hand whose key nobody took: neither is the studio's.
_NOT_THE_STUDIOS = (
    "This plugin does not support",
    "QFont::fromString",
    "propagateSizeHints",
    "event not accepted by receiving widget",
)


@dataclass(frozen=True)
class Standing:
    """What the process holds at one moment.

    Attributes:
        memory_mb: Resident memory, after collecting garbage and giving freed memory back, as the studio does at rest.
        widgets: Widgets alive.
        threads: Threads, ours and others'.
        files: Open files.
    """

    memory_mb: float
    widgets: int
    threads: int
    files: int

    @classmethod
    def now(cls) -> Standing:
        """As it is."""
        turn()
        gc.collect()
        give_back()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
            len(QApplication.allWidgets()),
            len(list(Path("/proc/self/task").iterdir())),
            len(list(Path("/proc/self/fd").iterdir())),
        )


class Trouble(QObject):
    """Collects what breaks, with the number of the deed in whose time it broke.

    Attributes:
        found: Number, deed, what happened.
    """

    def __init__(self, reporter: CrashReporter) -> None:
        super().__init__()
        self.found: list[tuple[int, str, str]] = []
        self._doing = (0, "opening")
        reporter.crashed.disconnect(reporter.show_crash)
        reporter.crashed.connect(self._on_crashed)
        self._before = qInstallMessageHandler(self._on_message)

    def note(self, number: int, deed: str) -> None:
        """What is being done now."""
        self._doing = (number, deed)

    def stop(self) -> None:
        """Listen no more."""
        qInstallMessageHandler(self._before)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self.found.append((*self._doing, crash.details))

    def _on_message(self, kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not any(known in message for known in _NOT_THE_STUDIOS):
            self.found.append((*self._doing, f"Qt says: {message}"))


@dataclass
class Result:
    """What a soak has shown.

    Attributes:
        done: How often each deed was done.
        found: What broke: number, deed, what happened.
        early: What the process held after the first tenth.
        late: What it held at the end.
        stalled: Threads that did not end.
        seconds: How long it took.
        steps: Steps in the history at the end.
    """

    done: Counter[str] = field(default_factory=Counter)
    found: list[tuple[int, str, str]] = field(default_factory=list)
    early: Standing | None = None
    late: Standing | None = None
    stalled: tuple[str, ...] = ()
    seconds: float = 0.0
    steps: int = 0

    @property
    def growth_mb(self) -> float:
        """Growth of memory between the first tenth and the end."""
        return 0.0 if self.early is None or self.late is None else self.late.memory_mb - self.early.memory_mb

    @property
    def is_well(self) -> bool:
        """Whether nothing broke, every thread ended and memory stayed."""
        return not self.found and not self.stalled and self.growth_mb < MOST_GROWTH_MB


def settle(studio: Studio) -> None:
    """Let the studio come to rest: the canvas shows the document, painted pixels and all.

    Raises:
        TimeoutError: It does not.
    """
    deadline = time.monotonic() + _SETTLE_LIMIT_S
    while True:
        turn()
        current, document = studio.controller.current, studio.session.document
        if current is not None and (current.latent, current.edits) == (document.latent, document.edits):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the canvas does not show the document: {_state(studio)}")
        time.sleep(0.002)


def _state(studio: Studio) -> str:
    """What is known of a studio that does not come to rest."""
    current, document, page = studio.controller.current, studio.session.document, studio.window.explore
    facts = {
        "the document has a sprite": document.latent is not None,
        "one is shown": current is not None,
        "of the same latent": current is not None and current.latent == document.latent,
        "with the same pixels": current is not None and current.edits == document.edits,
        "pins are followed": page.following.is_running,
        "improving is open": page.improving.is_open,
        "its threads": studio.host.names,
        "the banner says": [label.text() for label in studio.window.banner.findChildren(QLabel)],
    }
    return ", ".join(f"{what}: {how}" for what, how in facts.items())


def close_dialogs() -> None:
    """Close what stands over the window."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.close()


def act(studio: Studio, trouble: Trouble, actions: int, rng: random.Random, *, tells: bool, limit_s: float) -> Result:
    """Let the artist do so many things; fewer where the time is up."""
    artist, result, begun = Artist(studio, rng), Result(), time.monotonic()
    for number in range(1, actions + 1):
        name, deed = artist.choose()
        trouble.note(number, name)
        try:
            deed()
            turn()
            if studio.window.page != "explore":
                studio.window.open_page("explore")
            result.done[name] += 1
            if number % _SETTLE_EVERY == 0:
                settle(studio)
                close_dialogs()
        except Exception as error:  # noqa: BLE001 - a soak goes on, and tells everything at its end
            sys.excepthook(type(error), error, error.__traceback__)
        if number == max(1, round(actions * _WARM_UP_SHARE)):
            result.early = Standing.now()
        if tells and number % 200 == 0:
            now = Standing.now()
            print(f"{number} in {time.monotonic() - begun:.0f} s: {now}, {len(trouble.found)} broke", file=sys.stderr)
        if time.monotonic() - begun > limit_s:
            break
    result.late, result.steps = Standing.now(), len(studio.session.entries)
    return result


def soak(
    app: QApplication, folder: Path, actions: int, seed: int, *,
    model: Path | None = None, tells: bool = False, limit_s: float = 1e9,
) -> Result:  # fmt: skip
    """Open a studio in `folder`, act, and close it.

    Args:
        app: The application.
        folder: For the artist's files; the studio's own are where the environment says.
        actions: How many.
        seed: The same seed does the same things; what the threads make of it may differ.
        model: Its model; the bundled one for None.
        tells: Whether to say now and then how it goes.
        limit_s: Seconds after which it ends early.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reporter, rng, begun = CrashReporter(paths.cache_dir()), random.Random(seed), time.monotonic()
    reporter.install()
    faulthandler.enable()  # into the terminal: the reporter's file goes with the folder
    trouble = Trouble(reporter)
    answers = Answers(random.Random(seed))
    studio = Studio(app, reporter)
    studio.controller._random.seed(seed)
    try:
        studio.preferences.set("help.tour_seen", True)
        studio.open_window()
        studio.window.open_model(model)
        Wait().until(studio.window.explore.presented, _LOAD_LIMIT_MS)
        with chosen_files(folder, rng):
            result = act(studio, trouble, actions, rng, tells=tells, limit_s=limit_s)
    finally:
        answers.stop()
        close_dialogs()
        studio.window.close()
        stalled = studio.shut_down()
        turn()
        trouble.stop()
        reporter.uninstall()
        faulthandler.enable()
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    result.stalled = (*stalled, *studio.host.names, *(name for name in left if not name.startswith("Dummy")))
    result.found, result.seconds = trouble.found, time.monotonic() - begun
    studio.window.deleteLater()
    studio.deleteLater()
    turn()
    return result


def table(result: Result) -> str:
    """The result as Markdown."""
    early, late = result.early, result.late
    assert early is not None
    assert late is not None
    rows = [
        ["random actions", f"{sum(result.done.values()):,}", f"of {len(result.done)} kinds"],
        ["exceptions, in any thread, and warnings of Qt's", f"{len(result.found)}", ""],
        ["threads that did not end", f"{len(result.stalled)}", ", ".join(result.stalled)],
        ["memory", f"{result.growth_mb:+.0f} MB", f"from {early.memory_mb:.0f} MB after the first tenth"],
        ["widgets", f"{late.widgets - early.widgets:+}", f"from {early.widgets}"],
        ["threads", f"{late.threads - early.threads:+}", f"from {early.threads}"],
        ["open files", f"{late.files - early.files:+}", f"from {early.files}"],
        ["steps in the history at the end", f"{result.steps:,}", ""],
    ]
    return markdown(["", "found", ""], rows)


def with_results(page: str, made: str) -> str:
    """The page with another result between its marks.

    Raises:
        ValueError: A mark is missing.
    """
    return with_part(page, BEGIN, END, made)


def main() -> int:
    """Soak and tell; 1 where it did not go well."""
    parser = argparse.ArgumentParser(description="Random actions in the real window.")
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-s", type=float, default=1e9, help="end after so many seconds")
    parser.add_argument("--write", action="store_true", help="put the result into docs/reliability.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-exploring-") as name:
        os.environ[paths.HOME_VARIABLE] = str(Path(name) / "home")
        app = QApplication.instance() or QApplication(sys.argv[:1])
        assert isinstance(app, QApplication)
        files = Path(name) / "files"
        result = soak(app, files, given.actions, given.seed, tells=True, limit_s=given.limit_s)
    kinds: dict[str, tuple[int, str]] = {}
    for number, deed, happened in result.found:
        kinds.setdefault(f"{deed}: {happened.strip()}", (number, deed))
    for happened, (number, _) in kinds.items():
        print(f"--- action {number}, {happened}\n", file=sys.stderr)
    done = sum(result.done.values())
    made = (
        f"`python -m tests.soak.exploring --actions {given.actions} --seed {given.seed}`"
        f"{'' if done >= given.actions else f', ended after {done:,} actions'}, {datetime.now(UTC):%d %B %Y}, "
        f"{result.seconds:.0f} s; {machine_sentence(machine_facts())}\n\n{table(result)}"
    )
    if given.write:
        PAGE.write_text(with_results(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(made)
    return int(not result.is_well)


if __name__ == "__main__":
    sys.exit(main())
