"""The audit's proposals: for each picture that stands out a version moved towards the set, as a new file.

The artist's files are only read. A proposal is made only where it concerns less than the picture does, judged as the
audit judges; of several versions the one of least concern is written, and of equals the mildest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lunar_studio.cli import audit
from lunar_studio.cli.answer import warn
from lunar_studio.cli.art import Art, make_folder, shown
from lunar_studio.cli.audit import Entry, Middle, Proposal
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError
from lunar_studio.export.names import unique_names
from lunar_studio.paths import is_taken
from lunar_studio.pixels.files import encode_png, write_atomically
from lunar_studio.pixels.lint import examine
from lunar_studio.pixels.regions import differing

if TYPE_CHECKING:
    from lunar_studio.explore.engine import Engine
    from lunar_studio.explore.harmonise import HouseStyle

MOST_PROPOSALS = 100
"""The pictures of most concern are seen to; the others are told by number."""

MOST_STUDIED = 256
"""Pictures that the set's style is learnt from."""

# A version that concerns hardly less is not worth an artist's look.
_LEAST_BETTER = 1.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    sprite: Sprite
    entry: Entry


def propose(
    engine: Engine, art: Art, entries: Sequence[Entry], middles: dict[str, Middle], min_score: float, out: Path
) -> int:
    """Write proposals into a folder and note each on its entry; returns how many.

    Args:
        engine: The model.
        art: The pictures, read a second time in the same order.
        entries: Those of the first time, judged.
        middles: Where the set lies.
        min_score: What was asked for.
        out: The folder; made if it is not there.

    Raises:
        ExportError: A file of that name is there already, or the folder cannot be written.
    """
    from lunar_studio.explore.harmonise import style_of

    odd = [entry for entry in audit.ranked(entries) if entry.reasons]
    if len(odd) > MOST_PROPOSALS:
        warn(f"{len(odd) - MOST_PROPOSALS:,} pictures of less concern get no proposal")
    wanted, usual = _read_again(art, entries, {id(entry) for entry in odd[:MOST_PROPOSALS]})
    studied = [sprite for sprite in usual or [one.sprite for one in wanted] if bool(sprite.rgba_HWC[..., 3].any())]
    if not studied or not wanted:
        return 0
    make_folder(out)
    style = style_of(engine, studied)
    made = 0
    for one, name in zip(wanted, unique_names([one.name for one in wanted]), strict=True):
        found = _best(engine, style, one, entries, middles, min_score)
        if found is not None:
            proposal, version = found
            path = out / f"{name}.png"
            _write_new(path, version)
            one.entry.proposal = replace(proposal, path=shown(path))
            made += 1
    return made


def _read_again(art: Art, entries: Sequence[Entry], odd: set[int]) -> tuple[list[_Wanted], list[Sprite]]:
    """The pictures to make proposals for, and some of the others, spread over the set."""
    step = max(1, (len(entries) - len(odd)) // MOST_STUDIED)
    wanted: list[_Wanted] = []
    usual: list[Sprite] = []
    seen = 0
    for picture, entry in zip(art, entries, strict=False):
        if picture.path != entry.path:
            break  # the folder has changed meanwhile: what cannot be told apart is left alone
        if id(entry) in odd:
            wanted.append(_Wanted(picture.name, picture.sprite, entry))
        elif not entry.reasons:
            if seen % step == 0 and len(usual) < MOST_STUDIED:
                usual.append(picture.sprite)
            seen += 1
    return wanted, usual


def _best(
    engine: Engine,
    style: HouseStyle,
    one: _Wanted,
    entries: Sequence[Entry],
    middles: dict[str, Middle],
    min_score: float,
) -> tuple[Proposal, Sprite] | None:
    """The version of least concern; None where none concerns clearly less than the picture."""
    from lunar_studio.explore.harmonise import harmonised

    best: tuple[Proposal, Sprite] | None = None
    least = one.entry.concern - _LEAST_BETTER
    for version in harmonised(engine, style, one.sprite):
        judged = Entry("", audit.Measures.of(version.sprite), engine.score(version.sprite), examine(version.sprite))
        audit.judge_in(judged, entries, middles, min_score)
        if judged.concern < least:
            least = judged.concern
            before = engine.fitted(one.sprite).sprite
            best = (
                Proposal(
                    path="",
                    how=version.how,
                    score=judged.score.value,
                    lint_score=judged.lint.score,
                    concern=judged.concern,
                    png=audit.picture(version.sprite),
                    difference_png=encode_png(_difference(before, version.sprite)),
                    changed=float(differing(before, version.sprite).mean()),
                ),
                version.sprite,
            )
    return best


def _difference(before: Sprite, after: Sprite) -> Sprite:
    """What changed, in full; what did not, faint."""
    changed_HW = differing(before, after)
    rgba_HWC = after.cleaned().rgba_HWC.copy()
    rgba_HWC[~changed_HW, 3] //= 5
    gone_HW = changed_HW & (rgba_HWC[..., 3] == 0)
    rgba_HWC[gone_HW] = (255, 0, 255, 255)  # what was taken away would not be seen
    return Sprite(np.ascontiguousarray(rgba_HWC))


def _write_new(path: Path, sprite: Sprite) -> None:
    if is_taken(path):
        raise ExportError(f"{shown(path)} is there already.", hint="Give --harmonise an empty folder.")
    write_atomically(path, encode_png(sprite))
