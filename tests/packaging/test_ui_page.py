"""docs/ui.md is what the running window says, and no control of the window is silent."""

from pathlib import Path

import pytest
import ui_page
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot


@pytest.fixture(scope="module")
def page() -> str:
    return ui_page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_of_today(page: str, qapp: QApplication, tmp_path: Path) -> None:
    assert ui_page.made_in(qapp, tmp_path) == page, "run .venv/bin/python packaging/ui_page.py"


def test_every_control_says_what_it_is(page: str) -> None:
    controls = page.partition("## Actions")[0]
    rows = [line.split(" | ") for line in controls.splitlines() if line.startswith("| ")]
    silent = [" | ".join(row) for row in rows if len(row) == 4 and not row[2].strip()]
    assert len(rows) > 150
    assert silent == []


def test_numbered_names_are_one_row_and_states_are_stars(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    for number in (1, 2):
        button = QPushButton(f"Sprite {number}", root)
        button.setObjectName(f"sprite/{number}")
        button.setToolTip(f"It has {17 * number} of 1,024 pixels in #00ff0{number}\n(Ctrl+{number})")
    QComboBox(root).setAccessibleName("Which")
    QLabel("no control", root)
    assert ui_page.controls(root) == [
        ("sprite/*", "QPushButton", "Sprite *", "It has * of * pixels in * (Ctrl+1)"),
        ("", "QComboBox", "Which", ""),
    ]
