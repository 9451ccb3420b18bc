"""The configuration inside a model file, read without loading the model: for the window, which never imports torch.

Qt-free. Only the file's description is read, at most 16 MB of it; the engine checks the rest when it loads the file.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import validate
from lunar_studio.errors import ConfigError, ModelFileError

_MAX_HEADER_BYTES = 2**24


class _Header(msgspec.Struct, rename={"metadata": "__metadata__"}):
    metadata: dict[str, str] = {}


class _Facts(msgspec.Struct):
    config: RunConfig
    name: str = ""


def read_model_config(path: Path) -> RunConfig:
    """What the model in `path` was trained with.

    Raises:
        ModelFileError: It cannot be read, or is no model of ours.
    """
    try:
        # Opening a pipe would wait for its writer, for ever.
        if not path.is_file():
            raise FileNotFoundError(path)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            raw = file.read(length) if 2 <= length <= _MAX_HEADER_BYTES else b""
    except (OSError, ValueError) as exc:
        raise ModelFileError(f"“{path.name}” cannot be read.", hint="Choose another model to start from.") from exc
    try:
        facts = msgspec.json.decode(raw, type=_Header).metadata.get("facts", "")
        config = msgspec.json.decode(facts, type=_Facts).config
        validate(config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ConfigError) as exc:
        raise ModelFileError(
            f"“{path.name}” is no model that a run could start from.", hint="Choose a model that the studio wrote."
        ) from exc
    return config
