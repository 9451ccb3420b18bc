"""The manual's table of keys, made from the action table: `.venv/bin/python packaging/manual_keys.py`.

It writes the table between two marks in docs/manual.md; a test holds the page to what this would write.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it runs in a bare checkout too

from lunar_studio.session.actions import ACTIONS, MENUS, Action

PAGE = Path(__file__).resolve().parent.parent / "docs" / "manual.md"
BEGIN = "<!-- keys: made by packaging/manual_keys.py -->"
END = "<!-- end of keys -->"


def keys_table() -> str:
    """The table in Markdown, menu by menu; the nine zooms are one row."""
    rows = ["| key | what it does | |", "|---|---|---|"]
    for menu, title in MENUS.items():
        named = [action for action in ACTIONS if action.menu == menu and action.shortcut]
        if named:
            rows.append(f"| **{title.replace('&', '')}** | | |")
            rows += [f"| {keys} | {words} | {tip} |" for keys, words, tip in _rows(named)]
    return "\n".join(rows)


def _rows(actions: list[Action]) -> Iterator[tuple[str, str, str]]:
    for action in actions:
        if not action.id.startswith("zoom-") or action.id == "zoom-fit":
            yield f"`{action.shortcut}`", action.title.replace("…", ""), action.tip
        elif action.id == "zoom-1":
            yield "`1` to `9`", "Zoom 1× to 9×", "Show each pixel of the sprite that many screen pixels wide."


def with_table(page: str) -> str:
    """The page with the table between its marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks “{BEGIN}” or “{END}”")
    return f"{before}{BEGIN}\n{keys_table()}\n{END}{after}"


def main() -> int:
    """Write the table into the manual; 0 always."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
