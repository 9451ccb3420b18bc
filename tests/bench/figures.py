"""What benchmarks tell: spreads of times, facts about the machine, tables in Markdown, and pages to put them in."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spread:
    """How times lie, in milliseconds.

    Attributes:
        count: Times measured.
        p50: Half of them are shorter.
        p95: 95 of 100 are shorter.
        p99: 99 of 100 are shorter.
        longest: The longest.
    """

    count: int
    p50: float
    p95: float
    p99: float
    longest: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Spread:
        """The spread of some times.

        Raises:
            ValueError: There are none.
        """
        if not times_ms:
            raise ValueError("nothing was measured")
        ordered = sorted(times_ms)

        def percentile(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

        return cls(len(ordered), percentile(0.50), percentile(0.95), percentile(0.99), round(ordered[-1], 2))

    @property
    def row(self) -> list[str]:
        """Its figures as cells of a table."""
        return [f"{self.count:,}", *(f"{value:.1f}" for value in (self.p50, self.p95, self.p99, self.longest))]


SPREAD_HEADS = ["n", "p50 ms", "p95 ms", "p99 ms", "longest ms"]


def machine_facts() -> dict[str, object]:
    """What a reader needs to know to judge times: processor, cores, load by others, versions."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else (0.0, 0.0, 0.0)
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "load_average_1_min": round(load[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": version("torch"),
        "qt": version("PySide6-Essentials"),
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine_sentence(facts: dict[str, object]) -> str:
    """The facts in one line, for above a table."""
    return (
        f"{facts['cores']} cores of {facts['processor']}, load by others {facts['load_average_1_min']}; "
        f"{facts['system']}, Python {facts['python']}, torch {facts['torch']}, Qt {facts['qt']}"
    )


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is words, the others are figures."""
    ruler = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ruler, *rows))


def with_part(page: str, begin: str, end: str, made: str) -> str:
    """A Markdown page with other text between two marks that stand on it.

    Raises:
        ValueError: A mark is missing.
    """
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks “{begin}” or “{end}”")
    return f"{before}{begin}\n\n{made}\n\n{end}{after}"


def plain(thing: object) -> object:
    """Spreads as dictionaries, for JSON; for `json.dumps(default=plain)`."""
    if isinstance(thing, Spread):
        return asdict(thing)
    raise TypeError(f"{type(thing).__name__} cannot be written as JSON")
