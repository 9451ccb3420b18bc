"""The audit as one HTML file: pictures inside, no script, nothing loaded from anywhere.

Sorting needs no script: every card carries its ranks, and a radio button chooses which of them orders the grid. What
comes from outside (names of files and models) is escaped, and a content security policy forbids all but inline style
and embedded pictures.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from lunar_studio.cli.audit import Entry

MOST_CARDS = 1_000
"""More are told by number only; a page of a million pictures helps nobody."""

_SHOWN_PX = 96

_STYLE = """
:root { color-scheme: light dark; --ground: #efede6; --card: #fbfaf7; --text: #1c2034; --muted: #545a70;
  --line: #c9c5b8; --bad: #a3212c; --accent: #33439c; --dark: #c6c4bf; --light: #d8d6d1; }
@media (prefers-color-scheme: dark) { :root { --ground: #0e111c; --card: #171b2a; --text: #e9e7ef; --muted: #9ba3bf;
  --line: #2b3149; --bad: #ff8a8a; --accent: #f4d675; --dark: #2a2e3d; --light: #363b4c; } }
body { margin: 24px; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0 0 4px; } p { margin: 0 0 8px; max-width: 80ch; } .muted { color: var(--muted); }
.order { position: absolute; opacity: 0; } .orders { margin: 16px 0; display: flex; flex-wrap: wrap; gap: 8px; }
.orders label { padding: 4px 12px; border: 1px solid var(--line); border-radius: 4px; cursor: pointer; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 8px; align-items: start; }
article { display: grid; grid-template-columns: 96px 1fr; gap: 4px 12px; background: var(--card); padding: 12px;
  border-radius: 4px; border: 1px solid transparent; min-width: 0; } article.short { border-color: var(--bad); }
article > div { min-width: 0; } h2 { grid-column: 1 / -1; font-size: 14px; margin: 0; overflow: hidden;
  overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.score { font-size: 28px; font-weight: 600; line-height: 1.2; } .score small { font-size: 13px; font-weight: 400; }
.facts { color: var(--muted); font-size: 13px; }
.proposal { grid-column: 1 / -1; border-top: 1px solid var(--line); padding-top: 8px; overflow-wrap: anywhere; }
.sides { display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0; } figure { margin: 0; font-size: 12px; }
ul { grid-column: 1 / -1; margin: 4px 0 0; padding-left: 16px; font-size: 13px; }
.fails { color: var(--bad); font-weight: 600; }
img { image-rendering: pixelated; display: block; max-width: 96px; max-height: 96px;
  background: repeating-conic-gradient(var(--dark) 0 25%, var(--light) 0 50%) 0 0 / 16px 16px; }
"""


@dataclass(frozen=True, slots=True)
class _Order:
    id: str
    title: str
    key: Callable[[Entry], tuple[float, str]]


_ORDERS = (
    _Order("concern", "Most concerning", lambda entry: (-entry.concern, entry.path)),
    _Order("score", "Lowest score", lambda entry: (entry.standing, entry.path)),
    _Order("lint", "Lowest lint score", lambda entry: (entry.lint.score, entry.path)),
    _Order("colours", "Most colours", lambda entry: (-entry.measures.colours, entry.path)),
    _Order("name", "Name", lambda entry: (0.0, entry.path)),
)


def html(
    entries: Sequence[Entry],
    *,
    title: str,
    summary: str,
    model: str,
    min_score: float,
    refused: Sequence[tuple[str, str]],
) -> str:
    """The page.

    Args:
        entries: Judged, the most concerning first.
        title: What was audited; may be hostile.
        summary: One sentence.
        model: The name of the model that scored; may be hostile.
        min_score: What was asked for.
        refused: Path and reason of what could not be used.
    """
    # What falls short is never cut away by what is merely odd.
    chosen = sorted(entries, key=lambda entry: not entry.falls_short)[:MOST_CARDS]
    ranks = {
        order.id: {id(entry): rank for rank, entry in enumerate(sorted(chosen, key=order.key))} for order in _ORDERS
    }
    cards = [_card(entry, {name: rank[id(entry)] for name, rank in ranks.items()}) for entry in chosen]
    left = len(entries) - len(chosen)
    meaning = (
        f"Scored by <bdi>{escape(model)}</bdi>. A score is the percentile among real, unseen sprites of that model’s "
        "own art; the lint score is 100 without a warning. Concern counts both, and how far a picture lies from its "
        "own set."
    )
    parts = [
        _head(title),
        f"<h1>Audit of <bdi>{escape(title)}</bdi></h1>",
        f"<p>{escape(summary)} Asked for: {min_score:g} or more.</p>",
        f'<p class="muted">{meaning}</p>',
        _refused(refused),
        f"<p>{left:,} pictures with less concern are not shown.</p>" if left else "",
        *(
            f'<input class="order" type="radio" name="order" id="by-{order.id}"{" checked" if at == 0 else ""}>'
            for at, order in enumerate(_ORDERS)
        ),
        '<div class="orders">'
        + "".join(f'<label for="by-{order.id}">{order.title}</label>' for order in _ORDERS)
        + "</div>",
        f"<main>{''.join(cards)}</main>",
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _head(title: str) -> str:
    orders = "\n".join(
        f"#by-{order.id}:checked ~ main article {{ order: var(--{order.id}); }}\n"
        f"#by-{order.id}:checked ~ .orders label[for=by-{order.id}] {{ border-color: var(--accent); }}\n"
        f"#by-{order.id}:focus-visible ~ .orders label[for=by-{order.id}] {{ outline: 2px solid var(--accent); }}"
        for order in _ORDERS
    )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Audit of {escape(title)}</title><style>{_STYLE}{orders}</style></head><body>"
    )


def _card(entry: Entry, ranks: dict[str, int]) -> str:
    place = "; ".join(f"--{name}: {rank}" for name, rank in ranks.items())
    measures = entry.measures
    has_score = not math.isnan(entry.score.value)
    large = f"{entry.standing:.0f} <small>{'score' if has_score else 'lint score, no teacher'}</small>"
    lint = f"lint {entry.lint.score:.0f} · " if has_score else ""
    colours = "1 colour" if measures.colours == 1 else f"{measures.colours:,} colours"
    facts = (
        f"{lint}concern {entry.concern:.0f}",
        f"{colours} · {measures.width} × {measures.height}",
    )
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in entry.reasons)
    path = escape(entry.path)
    return (
        f'<article class="{"short" if entry.falls_short else "good"}" style="{place}">'
        f'<h2 title="{path}"><bdi>{path}</bdi></h2>{_image(entry.png)}<div>'
        f'<div class="score">{large}</div>'
        f"{'<div class=fails>falls short</div>' if entry.falls_short else ''}"
        f"{''.join(f'<div class=facts>{fact}</div>' for fact in facts)}</div>"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}"
        f"{_proposal(entry)}</article>"
    )


def _proposal(entry: Entry) -> str:
    """The picture, the proposal and what changed, side by side."""
    made = entry.proposal
    if made is None:
        return ""
    score = "" if math.isnan(made.score) else f"score {made.score:.0f} · "
    facts = f"{score}lint {made.lint_score:.0f} · concern {made.concern:.0f} · {made.changed:.0%} of pixels changed"
    pictures = "".join(
        f"<figure>{_image(png)}<figcaption>{escape(said)}</figcaption></figure>"
        for png, said in ((entry.png, "now"), (made.png, "proposed"), (made.difference_png, "what changed"))
    )
    return (
        f'<div class="proposal"><div>Proposed: {escape(made.how)}.</div><div class="muted">{facts}</div>'
        f'<div class="sides">{pictures}</div><div class="muted"><bdi>{escape(made.path)}</bdi></div></div>'
    )


def _image(png: bytes) -> str:
    """A picture at a whole zoom; it says nothing to a screen reader that its card does not say."""
    if not png:
        return '<div class="muted">no room for its picture</div>'
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    zoom = max(1, _SHOWN_PX // max(width, height))
    source = base64.b64encode(png).decode("ascii")
    return f'<img alt="" width="{width * zoom}" height="{height * zoom}" src="data:image/png;base64,{source}">'


def _refused(refused: Sequence[tuple[str, str]]) -> str:
    if not refused:
        return ""
    rows = "".join(f"<li><bdi>{escape(path)}</bdi>: {escape(reason)}</li>" for path, reason in refused[:MOST_CARDS])
    return f"<details><summary>{len(refused):,} could not be used</summary><ul>{rows}</ul></details>"
