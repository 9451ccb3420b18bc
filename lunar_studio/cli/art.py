"""SRC of the command line: pictures from files, folders, zips and built data sets, one after the other.

Nothing bad in a folder stops a command: what cannot be used is collected with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeVar

from lunar_studio.cli.answer import warn
from lunar_studio.errors import DatasetError, ExportError
from lunar_studio.paths import is_file

if TYPE_CHECKING:
    from lunar_studio.core.sprite import Sprite

Part = Literal["all", "validation"]

MAX_SPRITES = 1_000_000
"""Most sprites that one command takes; a data set is the way to handle more."""

_SHOWN_REFUSALS = 5
# IPTC's word, in the text chunk that `export` and `sample` write.
_GENERATED = b"trainedAlgorithmicMedia"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Picture:
    """A sprite with where it came from.

    Attributes:
        path: As the user would name the file: the source as given, then the path within it; `#2` for frame 2.
        name: Path within the source without suffix: what files made from it are called.
        sprite: The pixels; its own name is the last part of `name`.
        is_generated: Whether the file says that a model made it, as those of the studio do.
    """

    path: str
    name: str
    sprite: Sprite
    is_generated: bool = False


@dataclass(slots=True)
class Art:
    """The pictures of some sources, read while they are walked through.

    Attributes:
        sources: Files, folders, zips or built data sets.
        part: Of built data sets: all sprites or those held out for validation. Anything else is taken whole.
        refused: Path and reason of what could not be used so far.
        count: Pictures given so far.
    """

    sources: Sequence[Path]
    part: Part = "all"
    refused: list[dict[str, str]] = field(default_factory=list)
    count: int = 0

    def __iter__(self) -> Iterator[Picture]:
        self.refused.clear()
        self.count = 0
        for source in self.sources:
            for picture in self._pictures(source):
                self.count += 1
                if self.count > MAX_SPRITES:
                    raise DatasetError(f"There are more than {MAX_SPRITES:,} sprites.", hint="Give fewer at a time.")
                yield picture

    def require_some(self) -> None:
        """Say what was refused, and fail when nothing was left.

        Raises:
            DatasetError: Not one picture could be used.
        """
        if not self.count:
            reason = f" {self.refused[0]['reason']}" if self.refused else ""
            named = ", ".join(f"“{shown(source)}”" for source in self.sources[:3])
            raise DatasetError(
                f"There is no picture to use in {named}.{reason}",
                hint="Give PNG, GIF, WebP or BMP pictures, a folder or zip of them, or a built data set.",
            )
        for entry in self.refused[:_SHOWN_REFUSALS]:
            warn(f"left out: {entry['path']}: {entry['reason']}")
        if len(self.refused) > _SHOWN_REFUSALS:
            warn(f"... and {len(self.refused) - _SHOWN_REFUSALS} more")

    def _pictures(self, source: Path) -> Iterator[Picture]:
        from lunar_studio.data.dataset import FACTS_FILE

        if is_file(source / FACTS_FILE):
            yield from self._from_dataset(source)
        else:
            yield from self._from_files(source)

    def _from_dataset(self, source: Path) -> Iterator[Picture]:
        import numpy as np

        from lunar_studio.core.sprite import Sprite
        from lunar_studio.data.dataset import Dataset

        dataset = Dataset.open(source)
        chosen = np.arange(len(dataset)) if self.part == "all" else dataset.indices("validation")
        for index in chosen.tolist():
            name = dataset.lines[index].name
            stem = _stem(name)
            yield Picture(f"{shown(source)}/{name}", stem, Sprite(dataset.sprites_NHWC[index], stem.rpartition("/")[2]))

    def _from_files(self, source: Path) -> Iterator[Picture]:
        from lunar_studio.data.sources import open_source
        from lunar_studio.pixels.files import read_sprites

        is_single = is_file(source) and source.suffix.lower() != ".zip"
        with open_source(source) as opened:
            for entry in opened.entries():
                path = shown(source) if is_single else f"{shown(source)}/{entry.shown}"
                try:
                    if entry.refusal:
                        raise DatasetError(entry.refusal, hint="")
                    stem = _stem(entry.shown)
                    data = opened.read(entry)
                    sprites = read_sprites(data, name=stem.rpartition("/")[2])
                except DatasetError as exc:
                    self.refused.append({"path": path, "reason": exc.message})
                    continue
                for number, sprite in enumerate(sprites, start=1):
                    several = len(sprites) > 1
                    yield Picture(
                        f"{path}#{number}" if several else path,
                        f"{stem}_{number}" if several else stem,
                        sprite,
                        is_generated=_GENERATED in data,
                    )


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last of what is left."""
    while batch := list(islice(items, size)):
        yield batch


def shown(path: Path) -> str:
    """A path that is safe to show, with `/` between its parts."""
    from lunar_studio.pixels.files import shown_name

    return shown_name(path.as_posix(), limit=1000)


def make_folder(path: Path) -> None:
    """Make a folder for results, if it is not there.

    Raises:
        ExportError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise ExportError(
            f"The folder {shown(path)} cannot be made: {reason}.", hint="Choose another with --out, or free some space."
        ) from exc


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix("")) if PurePosixPath(path).name else path
