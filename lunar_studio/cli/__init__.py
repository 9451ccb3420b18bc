"""The studio's abilities without a window: `lunar-studio COMMAND` (docs/command-line.md).

One module for each group of commands. They import torch and friends inside their functions, so that
`--help` answers at once.
"""

from lunar_studio.cli.program import main

__all__ = ["main"]
