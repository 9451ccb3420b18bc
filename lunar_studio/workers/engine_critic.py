"""The critic of the real engine, as `session.ports.Critic`; what it needs is imported in the worker's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lunar_studio.core.critic import BlameMap, Improvement, ImproveTask, Replacements
from lunar_studio.core.overlay import Pixel
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Explorer

if TYPE_CHECKING:
    from lunar_studio.explore.engine import Engine


class EngineCritic:
    """Hands every question to `explore`; raises TypeError where the explorer is not the engine."""

    def blame(self, explorer: Explorer, sprite: Sprite, expert: int) -> Iterator[BlameMap | None]:
        """As `explore.blame.blamed`.

        Raises:
            ValueError: The sprite is of another size than the model's.
        """
        from lunar_studio.explore.blame import blamed

        yield from blamed(_engine(explorer), sprite, expert)

    def replace(self, explorer: Explorer, sprite: Sprite, pixel: Pixel, expert: int) -> Iterator[Replacements | None]:
        """As `explore.replacements.replacements`.

        Raises:
            ValueError: The pixel is not on the sprite.
        """
        from lunar_studio.explore.replacements import replacements

        yield replacements(_engine(explorer), sprite, pixel, expert)

    def improve(
        self, explorer: Explorer, task: ImproveTask, *, should_stop: Callable[[], bool]
    ) -> Iterator[Improvement | None]:
        """As `explore.improve.improve`.

        Raises:
            ValueError: The latent is of another length than the model's.
        """
        from lunar_studio.explore.improve import improve

        yield from improve(_engine(explorer), task, should_stop=should_stop)


def _engine(explorer: Explorer) -> Engine:
    from lunar_studio.explore.engine import Engine

    if not isinstance(explorer, Engine):
        raise TypeError(f"an Engine can be criticised, not {type(explorer).__name__}")
    return explorer
