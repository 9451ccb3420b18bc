"""Every check there is, in one command: `.venv/bin/python packaging/check.py`, which `make test` runs.

Format, lint, types, import contracts, then the tests. All run even when one fails, so that one
round shows everything; pytest comes last, and its closing line with it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
REAL_WINDOW = "tests/e2e"


def checks(extra: list[str]) -> dict[str, list[str]]:
    """Commands by name, in order.

    Args:
        extra: Arguments for pytest instead of the whole suite, as `make test ARGS=tests/core`.
    """
    pytest = [str(BIN / "python"), "-m", "pytest"]
    workers = min(4, os.cpu_count() or 1)
    whole_suite = {
        # What measures time in a real window runs alone; the rest shares the cores.
        "tests of the real window": [*pytest, REAL_WINDOW],
        "tests": [*pytest, f"--ignore={REAL_WINDOW}", "-n", str(workers), "--dist", "worksteal"],
    }
    return {
        "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
        "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
        "types": [str(BIN / "mypy"), "--no-error-summary"],
        "import contracts": [str(BIN / "lint-imports"), "--no-cache"],
        **({"tests": [*pytest, *extra]} if extra else whole_suite),
    }


def passes(command: list[str], *, quiet_on_success: bool) -> bool:
    """Run a command; its output is shown unless it is quiet on success."""
    if not quiet_on_success:
        return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    result = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout, flush=True)
    return result.returncode == 0


def main(extra: list[str]) -> int:
    """Run everything; 0 when all is well, else 1 after naming what is not."""
    failed = []
    for name, command in checks(extra).items():
        started = time.monotonic()
        is_tests = "pytest" in command
        if is_tests:
            print(f"{name}:", flush=True)
        if not passes(command, quiet_on_success=not is_tests):
            failed.append(name)
        if not is_tests:
            verdict = "FAILED" if name in failed else "ok"
            print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        print("failed: " + ", ".join(failed), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
