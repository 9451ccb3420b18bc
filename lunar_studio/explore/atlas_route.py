"""A way from one sprite to another that passes through good ones: the shortest path over the map's neighbours.

An edge costs more the longer it is, and e^((100 - s) / 20) times as much, s being the lowest score known of its ends
and, once somebody walked it, of its middle: a step at score 40 costs as much as nearly six of them at 75. Middles are
only drawn and judged for edges on the best path so far, until the best path holds no unknown edge (lazy search, as
Dellin and Srinivasa 2016), so that a route costs some dozens of decodes instead of forty thousand.

What comes out is compared with the straight line by what both have in between, and the better one is taken.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Generator, Iterator, Sequence

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.sprite_map import MapRoute, SpriteMap
from lunar_studio.explore.atlas import Inventor

IN_BETWEENS = 12
_SOFTNESS = 20.0
_ROUNDS = 12
_DOORS = 8
_DETOUR = 1.5

_Edge = tuple[int, int]


def route(
    explorer: Inventor, sprite_map: SpriteMap, start: Latent, end: Latent, count: int = IN_BETWEENS
) -> Iterator[MapRoute | None]:
    """Find a way; None is a place to pause, the route comes last.

    Args:
        explorer: Draws and judges.
        sprite_map: Its points are the stepping stones.
        start: Where it begins; need not be on the map.
        end: Where it ends.
        count: Sprites of the strip, both ends with it; at least 3.

    Raises:
        ValueError: Fewer than 3 sprites are asked for.
    """
    if count < 3:
        raise ValueError(f"a route of {count} sprites has nothing between its ends")
    straight = yield from _walked(explorer, sprite_map, [start, end], count, is_straight=True)
    graph = _Graph(sprite_map, start, end)
    path: list[int] = graph.shortest()
    for _ in range(_ROUNDS):
        unknown = [edge for edge in graph.edges_of(path) if edge not in graph.middles]
        if not unknown or not sprite_map.has_scores:
            break
        for edge in unknown:
            middle = Latent((graph.latent(edge[0]).values_L + graph.latent(edge[1]).values_L) / 2)
            graph.middles[edge] = explorer.score(explorer.decode(middle)).value
            yield None
        path = graph.shortest()
    stones = [start, *(sprite_map.latent(index) for index in path[1:-1]), end]
    around = yield from _walked(explorer, sprite_map, stones, count, is_straight=len(stones) == 2)
    is_better = math.isnan(straight.lowest) or around.lowest > straight.lowest
    chosen = around if is_better else straight
    yield MapRoute(
        chosen.latents,
        chosen.sprites,
        chosen.scores,
        chosen.places_R2,
        chosen.lowest,
        straight.lowest,
        chosen.is_straight,
    )


class _Graph:
    """The map's points, then start and end, with costs that grow where scores are low."""

    def __init__(self, sprite_map: SpriteMap, start: Latent, end: Latent) -> None:
        self._map = sprite_map
        self._ends = (start, end)
        count = len(sprite_map)
        self.start, self.end = count, count + 1
        ends_2F = sprite_map.space.features(np.stack([start.values_L, end.values_L]))
        self._features_NF: F32 = np.concatenate([sprite_map.features_NF, ends_2F])
        neutral = np.append(sprite_map.scores_N, [np.nan, np.nan])
        self._scores_N = np.where(np.isfinite(neutral), neutral, 100.0)
        self.middles: dict[_Edge, float] = {}
        self._near: list[set[int]] = [set(row) for row in sprite_map.neighbours_NK.tolist()]
        for index, row in enumerate(sprite_map.neighbours_NK.tolist()):
            for other in row:
                self._near[other].add(index)
        self._near += [set(), set()]
        for at, latent in ((self.start, start), (self.end, end)):
            for door in sprite_map.nearest(latent, _DOORS)[0].tolist():
                self._near[at].add(door)
                self._near[door].add(at)
        self._near[self.start].add(self.end)  # so that there is a way even between islands

    def latent(self, index: int) -> Latent:
        """The latent of a point."""
        return self._ends[index - self.start] if index >= self.start else self._map.latent(index)

    def edges_of(self, path: Sequence[int]) -> list[_Edge]:
        """Pairs of points that follow each other, the smaller number first."""
        return [(min(pair), max(pair)) for pair in itertools.pairwise(path)]

    def cost(self, one: int, two: int) -> float:
        """What a step costs."""
        edge = (min(one, two), max(one, two))
        known = self.middles.get(edge, math.nan)
        lowest = min(self._scores_N[one], self._scores_N[two], 100.0 if math.isnan(known) else known)
        length = float(np.linalg.norm(self._features_NF[one] - self._features_NF[two]))
        # A long step has more room for something bad than a short one: its middle alone does not say.
        return float(length**_DETOUR * math.exp((100.0 - lowest) / _SOFTNESS))

    def shortest(self) -> list[int]:
        """Points of the cheapest way from start to end (Dijkstra 1959)."""
        best, before = {self.start: 0.0}, dict[int, int]()
        waiting = [(0.0, self.start)]
        while waiting:
            spent, here = heapq.heappop(waiting)
            if here == self.end:
                break
            if spent > best[here]:
                continue
            for there in self._near[here]:
                cost = spent + self.cost(here, there)
                if cost < best.get(there, math.inf):
                    best[there], before[there] = cost, here
                    heapq.heappush(waiting, (cost, there))
        path = [self.end]
        while path[-1] != self.start:
            path.append(before[path[-1]])
        return path[::-1]


def _walked(
    explorer: Inventor, sprite_map: SpriteMap, stones: Sequence[Latent], count: int, *, is_straight: bool
) -> Generator[None, None, MapRoute]:
    """Walk over stepping stones at an even pace, drawing and judging `count` sprites."""
    latents = evenly(stones, count)
    sprites: list[Sprite] = []
    scores: list[float] = []
    for latent in latents:
        sprites.append(explorer.decode(latent))
        scores.append(explorer.score(sprites[-1]).value)
        yield None
    between = scores[1:-1]
    lowest = math.nan if any(math.isnan(score) for score in between) else min(between)
    places_R2 = np.array([sprite_map.place(latent) for latent in stones], np.float32)
    return MapRoute(latents, tuple(sprites), tuple(scores), places_R2, lowest, lowest, is_straight)


def evenly(stones: Sequence[Latent], count: int) -> tuple[Latent, ...]:
    """Latents at equal distances along the broken line through `stones`, both ends exact.

    Raises:
        ValueError: There are fewer than two stones or sprites.
    """
    if len(stones) < 2 or count < 2:
        raise ValueError("a way needs two ends")
    corners = np.stack([stone.values_L for stone in stones]).astype(np.float64)
    lengths = np.concatenate([[0.0], np.linalg.norm(np.diff(corners, axis=0), axis=1).cumsum()])
    made = []
    for at in np.linspace(0.0, lengths[-1], count)[1:-1]:
        leg = int(np.searchsorted(lengths, at, side="right").clip(1, len(stones) - 1))
        span = lengths[leg] - lengths[leg - 1]
        share = (at - lengths[leg - 1]) / span if span > 0 else 0.0
        made.append(Latent(corners[leg - 1] + share * (corners[leg] - corners[leg - 1])))
    return (stones[0], *made, stones[-1])
