"""docs/ui.md, read from the running window: `.venv/bin/python packaging/ui_page.py`.

The studio opens on a small model in folders of its own, every page is built, and every control that an artist can
press, type into or move is told: by what name tests and robots find it, what a screen reader says, what the tip
teaches. Names that differ only in numbers are one row. A test holds the page to what this would write.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the small model lives with the tests

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from lunar_studio import paths
from lunar_studio.app import Studio
from lunar_studio.gui.crash import CrashReporter
from lunar_studio.gui.explore.page import ExplorePage
from lunar_studio.gui.header import PAGES
from lunar_studio.models.model_file import save_model
from lunar_studio.session.actions import ACTIONS, MENUS
from tests.bench.hand import Wait
from tests.explore.tiny_model import tiny_bundle

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ui.md"
_LOAD_LIMIT_MS = 60_000
_INTRODUCTION = """# The window, control by control

For tests, robots and whoever writes about the studio: every control, by the name it is found under (`objectName`), with
what a screen reader says and what its tip teaches. Names are stable; `*` stands for a number. Rows without a name are
found by what they say. Made from the running window by `.venv/bin/python packaging/ui_page.py`; a test says when this
page is out of date.
"""
_CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView)

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_SCORE = re.compile(r"\bScore \d+")

Row = tuple[str, str, str, str]
"""Name, kind, what a screen reader says, tip."""


def controls(root: QWidget, leave_out: tuple[QWidget, ...] = ()) -> list[Row]:
    """Rows of every control in `root`, in the order they were made; those within `leave_out` are not told."""
    rows: dict[tuple[str, ...], Row] = {}
    for widget in root.findChildren(QWidget):
        if _is_control(widget) and not any(_is_within(widget, one) for one in leave_out):
            row = _row(widget)
            rows.setdefault(row[:1] if row[0] else row[1:], row)
    return list(rows.values())


def _is_within(widget: QWidget, outer: QWidget) -> bool:
    """Whether it is `outer` or a part of it, cards that pop up over it among them."""
    above: QWidget | None = widget
    while above is not None and above is not outer:
        above = above.parentWidget()
    return above is outer


def _is_control(widget: QWidget) -> bool:
    if isinstance(widget, QScrollBar) or widget.objectName().startswith("qt_"):
        return False
    parent = widget.parentWidget()
    above = None if parent is None else parent.parentWidget()
    if isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QAbstractItemView) or isinstance(above, QComboBox):
        return False  # the inside of another control
    can_be_reached = widget.focusPolicy() is not Qt.FocusPolicy.NoFocus and bool(widget.accessibleName())
    return isinstance(widget, _CONTROLS) or can_be_reached


def _row(widget: QWidget) -> Row:
    text = widget.text().replace("&", "") if isinstance(widget, QAbstractButton) else ""
    says = _COLOUR.sub("*", widget.accessibleName() or text)
    name, kind = re.sub(r"\d+", "*", widget.objectName()), type(widget).__name__
    return name, kind, re.sub(r"\d[\d.,]*", "*", says.partition("\n")[0]), _without_state(widget.toolTip())


def _without_state(tip: str) -> str:
    """In one line, with a star for scores, colours and long numbers, which tell of a sprite or a model."""
    line = _SCORE.sub("Score *", " ".join(tip.split()))
    return re.sub(r"\d[\d.,]*\d", "*", _COLOUR.sub("*", line))


def table(rows: list[Row]) -> str:
    """Rows as Markdown."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|")

    told = [
        f"| {f'`{name}`' if name else ''} | {kind} | {cell(says)} | {cell(tip)} |" for name, kind, says, tip in rows
    ]
    return "\n".join(["| name | kind | says | tip |", "|---|---|---|---|", *told])


def actions_table() -> str:
    """Every action, menu by menu."""
    rows = ["| action | menu | shortcut | what it does |", "|---|---|---|---|"]
    for one in ACTIONS:
        menu = MENUS[one.menu].replace("&", "")
        rows.append(f"| `{one.id}` | {menu} | {f'`{one.shortcut}`' if one.shortcut else ''} | {one.title}: {one.tip} |")
    return "\n".join(rows)


def sections(studio: Studio) -> Iterator[tuple[str, list[Row]]]:
    """Headings and rows: the window around the pages, then each page; Explore in its parts."""
    window = studio.window
    for page in PAGES:
        window.open_page(page)
    found = {page: widget for page in PAGES if (widget := window.page_widget(page)) is not None}
    window.open_page("explore")
    yield "Around the pages", controls(window, tuple(found.values()))
    explore = window.explore
    views = {f"Explore, view {name}": explore.views.view(name) for name in explore.views.ids}
    columns = {"Explore, shelf": explore.shelf, "Explore, strip": explore.strip, "Explore, right column": explore.right}
    parts = views | columns
    yield "Explore, around its parts", controls(explore, tuple(parts.values()))
    for heading, part in parts.items():
        yield heading, controls(part)
    for name, widget in found.items():
        if not isinstance(widget, ExplorePage):
            yield name.capitalize(), controls(widget)


def page(studio: Studio) -> str:
    """The whole page."""
    told = [f"## {heading}\n\n{table(rows)}\n" for heading, rows in sections(studio) if rows]
    return "\n".join([_INTRODUCTION, *told, f"## Actions\n\n{actions_table()}\n"])


@contextmanager
def studio_in(app: QApplication, folder: Path) -> Iterator[Studio]:
    """A studio on a small model in `folder`, its first sprite judged and its strip drawn, whichever comes last.

    Its settings must be where the environment says.

    It is closed at the end, whatever happened.
    """
    save_model(tiny_bundle(), folder / "small.safetensors")
    studio = Studio(app, CrashReporter(paths.cache_dir()))
    studio.preferences.set("help.tour_seen", True)
    studio.preferences.set("explore.score_ribbon", False)  # what lies along a slider stands in its tip
    studio.open_window()
    try:
        studio.window.resize(1440, 900)
        drawn: list[object] = []
        studio.controller.drawn.connect(drawn.append)
        studio.window.open_model(folder / "small.safetensors")
        Wait().until(studio.window.explore.lint.examined, _LOAD_LIMIT_MS)  # the last that is said of a sprite
        if not drawn:
            Wait().until(studio.controller.drawn, _LOAD_LIMIT_MS)
        yield studio
    finally:
        studio.window.close()
        studio.shut_down()
        studio.window.deleteLater()


def made_in(app: QApplication, folder: Path) -> str:
    """The page, from a studio in `folder`."""
    with studio_in(app, folder) as studio:
        return page(studio)


def main() -> int:
    """Write the page; 0 always."""
    with tempfile.TemporaryDirectory(prefix="studio-ui-page-") as name:
        os.environ[paths.HOME_VARIABLE] = str(Path(name) / "home")
        app = QApplication.instance() or QApplication(sys.argv[:1])
        assert isinstance(app, QApplication)
        PAGE.write_text(made_in(app, Path(name)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
