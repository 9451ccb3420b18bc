"""What importing brings along: a light start, no torch in the window, no Qt in the engines."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, ROOT, module_name, package_files

QT_FREE_ROOMS = ("core", "pixels", "data", "models", "session", "export", "evaluation", "explore", "training", "cli")
BLOCKER = '''
"""Python imports this by itself at its start: Qt is not installed here."""
import sys

class _NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ModuleNotFoundError(f"{name} is not installed (blocked by a test)", name=name)
        return None

sys.meta_path.insert(0, _NoQt())
'''


def python(code: str, *, without_qt: Path | None = None) -> str:
    """Run code in a new interpreter and return what it prints."""
    environment = dict(os.environ)
    if without_qt is not None:
        (without_qt / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
        environment |= {"PYTHONPATH": str(without_qt), "HYPOTHESIS_PROFILE": "glance"}
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_command_itself_imports_nothing_heavy() -> None:
    heavy = python("""
        import sys
        import lunar_studio.__main__
        print(*{"torch", "numpy", "PySide6", "PIL", "msgspec", "pyqtgraph"} & set(sys.modules))
    """)
    assert heavy.strip() == ""


def test_the_command_makes_waiting_threads_sleep() -> None:
    told = python("""
        import os
        for name in ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS"):
            os.environ.pop(name, None)
        from lunar_studio.__main__ import main
        try:
            main(["--help"])
        except SystemExit:
            pass
        print(os.environ["OMP_WAIT_POLICY"], os.environ["OPENBLAS_NUM_THREADS"])
    """)
    assert told.splitlines()[-1] == "PASSIVE 1"


@pytest.mark.parametrize("module", ["lunar_studio.gui.main_window", "lunar_studio.app"])
def test_the_window_opens_without_torch(module: str) -> None:
    heavy = python(f"""
        import sys
        import {module}
        print(*{{"torch", "safetensors", "PIL"}} & set(sys.modules))
    """)
    assert heavy.strip() == ""


def test_engines_work_where_qt_is_not_installed(tmp_path: Path) -> None:
    modules = [module_name(path) for path in package_files() if path.relative_to(PACKAGE).parts[0] in QT_FREE_ROOMS]
    assert {name.split(".")[1] for name in modules} == set(QT_FREE_ROOMS)
    python(f"""
        import importlib
        for name in {modules!r}:
            importlib.import_module(name)
    """, without_qt=tmp_path)  # fmt: skip


def test_core_tests_pass_where_qt_is_not_installed(tmp_path: Path) -> None:
    python(f"""
        import sys, pytest
        plain = ["-p", "no:pytest-qt", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", {str(ROOT)!r}]
        sys.exit(pytest.main([*plain, "--import-mode=importlib", "-q", "tests/core", "tests/test_errors.py"]))
    """, without_qt=tmp_path)  # fmt: skip


def test_the_block_blocks(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="PySide6 is not installed"):
        python("import PySide6.QtCore", without_qt=tmp_path)
