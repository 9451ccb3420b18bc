"""A screen reader is told the name of everything that can be worked, on every page, view, panel and dialog."""

from __future__ import annotations

from pathlib import Path

import accessible_tree
import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot


@pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")  # dialogs, offscreen
def test_nothing_that_can_be_worked_is_without_a_name(qapp: QApplication, tmp_path: Path) -> None:
    found = dict(accessible_tree.scenes_in(qapp, tmp_path))
    assert {"page train", "view map", "own sprite", "dialog help", "tour"} <= found.keys()
    worked = {title: [one for one in parts if one.role in accessible_tree.WORKED] for title, parts in found.items()}
    assert len(worked["page explore"]) > 60, "the walk has lost its way"
    assert "Words" in {one.name for one in worked["view sprite"]}
    nameless = {title: [one.where for one in parts if one.is_nameless] for title, parts in found.items()}
    assert {title: parts for title, parts in nameless.items() if parts} == {}


def test_the_walk_finds_what_has_no_name(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    QPushButton("Keep", root)
    QLineEdit(root).setObjectName("silent")
    QScrollArea(root)
    QPushButton("", root).hide()
    root.show()
    assert [one.where for one in accessible_tree.tree(root) if one.is_nameless] == ["QLineEdit silent", "QScrollArea"]
