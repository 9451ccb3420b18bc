"""The lines of `index.jsonl`, decoded when they are asked for: a million of them need 8 MB, not half a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, overload

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from lunar_studio.errors import DatasetError

MAX_LINE_BYTES = 1 << 20
Text = Annotated[str, Meta(max_length=1000)]


class SpriteLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `index.jsonl`.

    Attributes:
        name: Path in the source, and `#n` for frame n of an animation or cell n of a sheet.
        caption: A short description.
        category: One word for its kind.
        family: Number of its family.
        validation: Whether it validates.
        tags: Further words.
        notes: What was done to make it fit.
    """

    name: Text
    caption: Text = ""
    category: Text = ""
    family: Annotated[int, Meta(ge=0, le=4_000_000)]
    validation: bool = False
    tags: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    notes: Text = ""


_DECODER = msgspec.json.Decoder(SpriteLine)


class SpriteLines(Sequence[SpriteLine]):
    """All lines of a file that was checked by `read`; memory-mapped.

    Args:
        raw: The bytes of the file, or a memory map of them.
        starts: Where each line begins, and the end of the last, shape (lines + 1,).
    """

    def __init__(self, raw: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> None:
        self._raw, self._starts = raw, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> SpriteLine: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[SpriteLine, ...]: ...

    def __getitem__(self, index: int | slice) -> SpriteLine | tuple[SpriteLine, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"there are {len(self)} lines, none has number {index}")
        return _DECODER.decode(self._raw[self._starts[at] : self._starts[at + 1] - 1].tobytes())

    def __iter__(self) -> Iterator[SpriteLine]:
        return (self[at] for at in range(len(self)))


def read(path: Path, count: int) -> tuple[SpriteLines, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Check every line of a file, and keep of it only where lines begin, families and the split.

    Args:
        path: An `index.jsonl`.
        count: Lines that it must have.

    Returns:
        The lines; int64 families, shape (count,); bool, True where a sprite validates, shape (count,).

    Raises:
        DatasetError: It cannot be read, or a line is not as it should be; the message is only the reason.
    """
    starts = np.zeros(count + 1, np.int64)
    families, split = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    seen = end = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(MAX_LINE_BYTES):
                if seen == count or not raw.endswith(b"\n"):
                    raise DatasetError("it has not one line for each sprite", hint="")
                line = _DECODER.decode(raw)
                end += len(raw)
                families[seen], split[seen] = line.family, line.validation
                seen += 1
                starts[seen] = end
        if seen != count:
            raise DatasetError("it has not one line for each sprite", hint="")
        mapped = np.memmap(path, np.uint8, mode="r", shape=(end,))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise DatasetError(f"it is not as it should be ({exc})", hint="") from exc
    except (OSError, ValueError) as exc:
        raise DatasetError("it cannot be read", hint="") from exc
    return SpriteLines(mapped, starts), families, split
