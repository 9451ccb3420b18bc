"""A critic without torch: bright red is to blame, transparency is a good replacement, a step right is better."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from lunar_studio.core.critic import BlameMap, Improvement, ImproveTask, Region, Replacement, Replacements, value_of
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay, Pixel
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.regions import connected, differing
from lunar_studio.session.ports import Explorer

STEPS = 4
GAINS = (5.0, 2.0, -1.0)


class TinyCritic:
    """Answers at once, in the same steps as the real one."""

    def __init__(self) -> None:
        self.blamed = 0
        self.step_s = 0.0

    def blame(self, explorer: Explorer, sprite: Sprite, expert: int) -> Iterator[BlameMap | None]:
        """Heat is redness; that of an expert is half of it."""
        del explorer
        self.blamed += 1
        yield None
        planes = sprite.rgba_HWC.astype(np.float32) / 255
        heat_HW = np.clip(planes[..., 0] - planes[..., 1], 0, 1) * planes[..., 3]
        yield BlameMap(sprite, expert, heat_HW if expert < 0 else heat_HW / 2)

    def replace(self, explorer: Explorer, sprite: Sprite, pixel: Pixel, expert: int) -> Iterator[Replacements | None]:
        """Nothing, green, blue."""
        del explorer
        colours = ((0, 0, 0, 0), (0, 200, 0, 255), (0, 0, 200, 255))
        choices = tuple(Replacement(rgba, gain) for rgba, gain in zip(colours, GAINS, strict=True))
        yield Replacements(sprite, pixel, expert, choices)

    def improve(
        self, explorer: Explorer, task: ImproveTask, *, should_stop: Callable[[], bool]
    ) -> Iterator[Improvement | None]:
        """Walks along the second number of the latent; every version counts as better."""
        before = task.edits.over(explorer.decode(task.latent))
        start = explorer.score(before)
        found = self._report(explorer, task, before, start, 0)
        yield found
        for step in range(1, STEPS + 1):
            time.sleep(self.step_s)
            if should_stop():
                break
            yield None
            found = self._report(explorer, task, before, start, step)
            yield found
        areas = connected(differing(before, found.sprite))
        gains = [
            value_of(explorer.score(Overlay.taken_from(found.sprite, area).over(before)), task.expert)
            - value_of(start, task.expert)
            for area in areas
        ]
        regions = tuple(Region(area, gain) for area, gain in zip(areas, gains, strict=True))
        yield Improvement(
            task,
            found.step,
            STEPS,
            before,
            found.sprite,
            found.latent,
            found.drawn,
            start,
            found.score,
            0.2,
            regions,
            True,
            0.3,
        )

    def _report(self, explorer: Explorer, task: ImproveTask, before: Sprite, start: Score, step: int) -> Improvement:
        values = task.latent.values_L.copy()
        values[3] += 0.8 * step
        drawn = explorer.decode(Latent(values))
        sprite = task.held.over(drawn)
        return Improvement(
            task,
            step,
            STEPS,
            before,
            sprite,
            Latent(values),
            drawn,
            start,
            explorer.score(sprite),
            0.05 * step,
            radius=0.3,
        )
