"""Fixtures of the tests that sit before the real window."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.e2e.screen import Screen, missing_programs, virtual_screen


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A virtual screen; skips where the programs for it are missing, but on CI that is a failure."""
    missing = missing_programs()
    if missing:
        words = f"needs {' and '.join(missing)} (packaging/debian-packages.txt)"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with virtual_screen(1440, 900) as made:
        yield made
