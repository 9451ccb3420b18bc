"""The import contracts hold, cover every room, and say what docs/architecture.md says."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT, shown, tree

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}
ROOMS_WITH_QT = {"workers", "gui", "app", "__main__"}


def rooms() -> set[str]:
    """Children of the package."""
    found = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    return found | {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}


def names(contract: str, key: str) -> set[str]:
    """Rooms that a contract lists."""
    return {entry.removesuffix(".*").removeprefix("lunar_studio.") for entry in CONTRACTS[contract][key]}


def test_the_contracts_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_room_has_a_layer() -> None:
    layers = {name for line in CONTRACTS["rooms"]["layers"] for name in re.findall(r"\w+", line)}
    assert rooms() <= layers


def test_every_room_below_the_workers_is_kept_from_qt() -> None:
    assert rooms() - ROOMS_WITH_QT <= names("qt", "source_modules")


def test_widgets_are_kept_from_every_engine() -> None:
    assert {"models", "training", "evaluation", "explore", "data", "export"} <= names("widgets", "forbidden_modules")


def test_the_page_describes_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = {room for room in rooms() if f"`{room}`" not in page}
    assert not missing, f"docs/architecture.md says nothing about {missing}"


def test_workers_know_no_widgets() -> None:
    # The contracts see PySide6 as one package; here its parts are told apart.
    found = [
        f"{shown(path)}: {module}"
        for path in (PACKAGE / "workers").rglob("*.py")
        for module in imported_modules(tree(path))
        if module.startswith(("PySide6.QtWidgets", "PySide6.QtGui", "pyqtgraph"))
    ]
    assert not found


def imported_modules(module: ast.Module) -> list[str]:
    """Names of every module that a file imports, at any depth of its code."""
    names = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_every_way_to_import_is_seen() -> None:
    code = "import PySide6.QtWidgets\ndef f():\n    from PySide6 import QtGui\n    from PySide6.QtWidgets import QLabel"
    assert imported_modules(ast.parse(code)) == ["PySide6.QtWidgets", "PySide6.QtGui", "PySide6.QtWidgets.QLabel"]
