"""What another program has dropped on the window, told apart without opening anything.

A browser drags a picture as pixels and as an address on the net; the address is never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QMimeData

from lunar_studio.paths import is_folder

MODEL_SUFFIX = ".safetensors"
PROJECT_SUFFIX = ".lunar"

DroppedKind = Literal["model", "project", "folder", "file", "pixels", "nothing"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """One drop.

    Attributes:
        kind: What it is; a `file` is taken for a picture until it is read.
        path: Where it is; None for pixels and for nothing of use.
        left_out: How many further files were dropped with it.
    """

    kind: DroppedKind
    path: Path | None = None
    left_out: int = 0


def may_be_dropped(data: QMimeData) -> bool:
    """Whether there is any hope that a drag carries something to open."""
    return data.hasUrls() or data.hasImage()


def what_was_dropped(data: QMimeData) -> Dropped:
    """Tell what a drop carries; of several files the first one counts."""
    local = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    if not local:
        return Dropped("pixels" if data.hasImage() else "nothing")
    path = local[0]
    suffix = path.suffix.lower()
    kind: DroppedKind = "model" if suffix == MODEL_SUFFIX else "project" if suffix == PROJECT_SUFFIX else "file"
    return Dropped("folder" if is_folder(path) else kind, path, len(local) - 1)


def dropped_art(data: QMimeData) -> Path | None:
    """The one folder or file that pages of art take, which is neither a model nor a project; None for all else."""
    dropped = what_was_dropped(data)
    return dropped.path if dropped.kind in ("folder", "file") and not dropped.left_out else None
