"""Configurations as a list of fields: for the settings table, `--set key=value` and `config.json`.

Everything here is read from the annotations of `core.config`: a field added there appears in the
window, on the command line and in the manual without a line changed here. `validate` adds what no
single field can say: whether the parts fit together. Pure arithmetic; no network is built.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from lunar_studio.core.config import ClassicVaeConfig, RunConfig, SpriteVaeConfig
from lunar_studio.errors import ConfigError

Kind = Literal["int", "float", "bool", "choice", "text", "int list", "text list"]

MAX_FILE_BYTES = 1_000_000
"""A configuration is a few kilobytes; a larger file is not ours."""

MAX_LAYER_WEIGHTS = 2**28
"""1 GiB as float32, four times that with its optimizer: the most that validation lets one layer have."""

SECTION_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "training": "Training",
        "vae": "The network that draws",
        "teacher": "The teacher that judges",
        "prior": "The prior that invents",
    }
)
"""Sections of a configuration in the order of the table, with their titles."""

_WORDS = {"dim": "dimension", "ema": "EMA", "kl": "KL", "num": "number of", "px": "", "s": ""}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One knob of a configuration.

    Attributes:
        key: Full name, e.g. `training.batch_size`.
        short_key: The name alone, e.g. `batch_size`, where it can mean only this field; else the full name.
            A name that training shares with another section means training's.
        title: The name in words.
        kind: What it takes; `int list` is whole numbers separated by commas, `text list` names.
        choices: The values of a `choice`, in the order they were written.
        minimum: Smallest value, or smallest item of a list; None is no limit.
        maximum: Largest value, or largest item; None is no limit.
        above_minimum: Whether the minimum itself is refused.
        below_maximum: Whether the maximum itself is refused.
        shortest: Fewest items of a list.
        longest: Most items of a list.
        pattern: Regular expression that a `text` must match; empty for any.
        unit: e.g. `px`; empty for none.
        description: What it does, in a sentence.
        default: The founding document's value.
        value: The value in this configuration.
    """

    key: str
    short_key: str
    title: str
    kind: Kind
    choices: tuple[Any, ...]
    minimum: float | None
    maximum: float | None
    above_minimum: bool
    below_maximum: bool
    shortest: int
    longest: int
    pattern: str
    unit: str
    description: str
    default: Any
    value: Any

    @property
    def section(self) -> str:
        """The part it belongs to: a key of `SECTION_TITLES`."""
        return self.key.partition(".")[0]

    @property
    def range_text(self) -> str:
        """What it takes, in words: the end of a sentence that begins with "must be"."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(map(str, self.choices))
        if self.kind == "text":
            has_choices = "|" in self.pattern
            return "one of " + self.pattern.strip("^()$").replace("|", ", ") if has_choices else "as described"
        if self.kind == "text list":
            return f"at most {self.longest} names separated by commas, each as described"
        many = f"{self.shortest} to {self.longest} whole numbers separated by commas, each"
        noun = {"int": "a whole number", "float": "a number", "int list": many}
        lower = "" if self.minimum is None else f"{'above' if self.above_minimum else 'at least'} {self.minimum:.12g}"
        upper = "" if self.maximum is None else f"{'below' if self.below_maximum else 'at most'} {self.maximum:.12g}"
        return f"{noun[self.kind]} {' and '.join(filter(None, (lower, upper)))}".rstrip()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two configurations differ.

    Attributes:
        key: Full name.
        title: The name in words.
        base: Value in the configuration compared with; None where it has no such field.
        value: Value in the configuration looked at.
    """

    key: str
    title: str
    base: Any
    value: Any


def fields(config: RunConfig) -> tuple[ConfigField, ...]:
    """Every knob of a configuration, section by section, in the order of `core.config`."""
    found = [
        (section, name, hint)
        for section in SECTION_TITLES
        for name, hint in _hints(getattr(config, section).__class__).items()
    ]
    names = [name for _, name, _ in found]
    return tuple(
        _field(
            getattr(config, section),
            f"{section}.{name}",
            hint,
            is_unique=section == "training" or names.count(name) == 1,
        )
        for section, name, hint in found
    )


def with_overrides(config: RunConfig, assignments: Iterable[str] | Mapping[str, object]) -> RunConfig:
    """The configuration with some fields set, by full or short key.

    Only ranges are checked; call `validate` when all is set.

    Args:
        config: Where to begin.
        assignments: `key=value` texts, or values (or their texts) by key.

    Raises:
        ConfigError: A key is unknown or could mean two fields, or a value is of the wrong type or out of range.
    """
    pairs = assignments.items() if isinstance(assignments, Mapping) else map(_split, assignments)
    known = fields(config)
    document: dict[str, Any] = msgspec.to_builtins(config)
    for key, value in pairs:
        target = _find(known, key)
        section, _, name = target.key.partition(".")
        document[section][name] = parse(target, value)
    try:
        return msgspec.convert(document, RunConfig)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"The configuration is not valid: {exc}.", hint="Look the field up in the manual.") from exc


def parse(field: ConfigField, value: object) -> Any:  # noqa: ANN401 - the value's type is the field's
    """A value for `field` from its text, or from a value of about the right type.

    Raises:
        ConfigError: It is of the wrong type, or out of range.
    """
    try:
        parsed = _read(field, value)
    except (ValueError, OverflowError) as exc:
        shown = value if isinstance(value, str) else repr(value)
        raise ConfigError(
            f"{field.key} must be {field.range_text}, not {shown!s:.80}.",
            hint=f"{field.description} Give another value.",
        ) from exc
    return parsed


def format_value(value: object) -> str:
    """The text of a field's value, such that `parse` gives the value back."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def differences(config: RunConfig, base: RunConfig) -> tuple[Difference, ...]:
    """The fields of `config` whose values are not those of `base`."""
    values = {field.key: field.value for field in fields(base)}
    return tuple(
        Difference(field.key, field.title, values.get(field.key), field.value)
        for field in fields(config)
        if field.key not in values or values[field.key] != field.value
    )


def validate(config: RunConfig) -> None:
    """Check that the parts of a configuration fit together.

    Raises:
        ConfigError: They do not; the hint says what to change.
    """
    vae, teacher, training = config.vae, config.teacher, config.training
    if isinstance(vae, ClassicVaeConfig):
        _check_stages(vae)
        channels = vae.image_channels
    elif isinstance(vae, SpriteVaeConfig):
        _check_cells(vae)
        channels = 4
    else:
        channels = vae.image_channels  # what else must fit, only its extension knows
    if vae.latent_dim * config.prior.hidden_dim > MAX_LAYER_WEIGHTS:
        raise ConfigError(
            f"A latent of {vae.latent_dim:,} numbers is too long for a prior {config.prior.hidden_dim:,} wide.",
            hint="Lower prior.hidden_dim, or the numbers of the latent (vae.*_channels, vae.latent_dim).",
        )
    if training.teacher_mode != "off" and teacher.image_channels != channels:
        raise ConfigError(
            f"The teacher looks at {teacher.image_channels} channels, but the network draws {channels}.",
            hint=f"Set teacher.image_channels to {channels}.",
        )
    if training.accumulate > training.batch_size:
        raise ConfigError(
            f"A batch of {training.batch_size} cannot be cut into {training.accumulate} micro-batches.",
            hint="Lower training.accumulate, or raise training.batch_size.",
        )
    if training.shift_px >= vae.image_size:
        raise ConfigError(
            f"Moving sprites by up to {training.shift_px} px would push them out of {vae.image_size} px.",
            hint="Lower training.shift_px.",
        )


def to_json(config: RunConfig) -> bytes:
    """The configuration as `config.json` holds it: indented, every field, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n"


def from_json(raw: bytes) -> RunConfig:
    """A configuration from the bytes of a `config.json`, which may be anybody's.

    Raises:
        ConfigError: It is too large, not JSON, or has a field that is unknown, missing or out of range.
    """
    hint = "Choose a preset, or correct that line of the file."
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"A configuration of {len(raw):,} bytes is far too large to be one.", hint=hint)
    try:
        return msgspec.json.decode(raw, type=RunConfig)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigError(f"The configuration cannot be read: {exc}.", hint=hint) from exc


def _field(owner: msgspec.Struct, key: str, hint: Any, *, is_unique: bool) -> ConfigField:  # noqa: ANN401
    bare, metas = _unwrap(hint)
    kind, choices = _kind(bare)
    limits = _unwrap(get_args(bare)[0])[1] if kind in ("int list", "text list") else metas
    name = key.partition(".")[2]
    lower = _first(limits, "ge", "gt")
    upper = _first(limits, "le", "lt")
    words = " ".join(filter(None, (_WORDS.get(word, word) for word in name.split("_"))))
    return ConfigField(
        key=key,
        short_key=name if is_unique else key,
        title=words[0].upper() + words[1:],
        kind=kind,
        choices=choices,
        minimum=lower,
        maximum=upper,
        above_minimum=_first(limits, "ge") is None and lower is not None,
        below_maximum=_first(limits, "le") is None and upper is not None,
        shortest=int(_first(metas, "min_length") or 0),
        longest=int(_first(metas, "max_length") or 0),
        pattern=next((meta.pattern for meta in limits if meta.pattern), ""),
        unit=next((str(meta.extra["unit"]) for meta in metas if meta.extra and "unit" in meta.extra), ""),
        description=next((meta.description for meta in metas if meta.description), ""),
        default=getattr(type(owner)(), name),
        value=getattr(owner, name),
    )


@functools.cache
def _hints(owner: Hashable) -> dict[str, Any]:
    """Annotations by field; kept, as reading them takes most of the time of `fields`."""
    return get_type_hints(owner, include_extras=True)


def _unwrap(hint: Any) -> tuple[Any, tuple[Meta, ...]]:  # noqa: ANN401
    """The bare type of an annotation, and its `Meta`s."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    bare, *metas = get_args(hint)
    return bare, tuple(meta for meta in metas if isinstance(meta, Meta))


def _kind(bare: Any) -> tuple[Kind, tuple[Any, ...]]:  # noqa: ANN401
    if get_origin(bare) is Literal:
        return "choice", get_args(bare)
    if get_origin(bare) is tuple:
        return ("text list" if _unwrap(get_args(bare)[0])[0] is str else "int list"), ()
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return kinds[bare], ()


def _first(metas: Iterable[Meta], *names: str) -> float | None:
    values = (getattr(meta, name) for meta in metas for name in names)
    return next((value for value in values if value is not None), None)


def _split(assignment: str) -> tuple[str, str]:
    key, equals, value = assignment.partition("=")
    if not equals:
        raise ConfigError(f"{assignment!r:.80} sets nothing.", hint="Write key=value, e.g. training.batch_size=64.")
    return key.strip(), value.strip()


def _find(known: tuple[ConfigField, ...], key: str) -> ConfigField:
    """The field that a full or short key means."""
    by_name = {name: field for field in known for name in (field.key, field.short_key)}
    if key in by_name:
        return by_name[key]
    meant = [field for field in known if key == field.key.partition(".")[2]]
    if meant:
        raise ConfigError(f"{key} could mean {' or '.join(field.key for field in meant)}.", hint="Write the full name.")
    nearest = difflib.get_close_matches(key, by_name, n=1, cutoff=0.5)
    hint = (
        f"Did you mean {by_name[nearest[0]].key}?"
        if nearest
        else "Names are like training.batch_size or vae.latent_dim."
    )
    raise ConfigError(f"There is no setting called {key!r:.80}.", hint=hint)


def _read(field: ConfigField, value: object) -> Any:  # noqa: ANN401
    """The value as the field's type; ValueError where that cannot be."""
    if isinstance(value, str):
        value = value.strip()
    match field.kind:
        case "bool":
            return _read_bool(value)
        case "choice":
            return {str(choice): choice for choice in field.choices}.get(str(value)) or _refuse(value)
        case "text":
            return value if isinstance(value, str) and re.search(field.pattern, value) else _refuse(value)
        case "int" | "float":
            return _in_range(field, _read_number(value, field.kind))
        case "int list" | "text list":
            items = value.strip("[]()").split(",") if isinstance(value, str) else value
            if items == [""]:
                items = []
            if not isinstance(items, list | tuple) or not field.shortest <= len(items) <= field.longest:
                return _refuse(value)
            return [_read_item(field, item) for item in items]


def _read_item(field: ConfigField, item: object) -> Any:  # noqa: ANN401
    if field.kind == "int list":
        return _in_range(field, _read_number(item, "int"))
    text = str(item).strip()
    return text if re.search(field.pattern, text) else _refuse(item)


def _read_bool(value: object) -> bool:
    text = str(value).lower()
    return True if text in _TRUE else False if text in _FALSE else _refuse(value)


def _read_number(value: object, kind: Literal["int", "float"]) -> float:
    """A number; a whole one may also be written as `2e4` or `64.0`."""
    if isinstance(value, bool):
        _refuse(value)
    number = float(str(value))
    if not math.isfinite(number):
        _refuse(value)
    if kind == "float":
        return number
    # Beyond 2^53 a float is no longer exact, and no setting is that large.
    return int(number) if number.is_integer() and abs(number) <= 2**53 else _refuse(value)


def _in_range(field: ConfigField, number: float) -> float:
    low, high = field.minimum, field.maximum
    too_low = low is not None and (number <= low if field.above_minimum else number < low)
    too_high = high is not None and (number >= high if field.below_maximum else number > high)
    return _refuse(number) if too_low or too_high else number


def _refuse(value: object) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(repr(value))


def _check_stages(vae: ClassicVaeConfig) -> None:
    """Follow the picture's size down the encoder.

    The decoder always comes back: a transposed convolution may add up to stride - 1 pixels, and a
    convolution never drops more.
    """
    size = vae.image_size
    for stage in range(1, len(vae.encoder_channels) + 1):
        smaller = (size + 2 * vae.padding - vae.kernel_size) // vae.stride + 1
        if smaller < 1:
            raise ConfigError(
                f"Stage {stage} of the encoder would shrink {size} px to nothing.",
                hint="Give fewer vae.encoder_channels, or raise vae.image_size or vae.padding.",
            )
        size = smaller
    _check_layer(size * size * vae.encoder_channels[-1] * vae.latent_dim)


def _check_cells(vae: SpriteVaeConfig) -> None:
    stages = len(vae.widths)
    cell_px = 2**stages
    if vae.image_size % cell_px:
        nearest = max(round(vae.image_size / cell_px), 1) * cell_px
        raise ConfigError(
            f"A sprite of {vae.image_size} px cannot be halved {stages} times, once for each of vae.widths.",
            hint=f"Set vae.image_size to {nearest}, or give fewer vae.widths.",
        )
    if vae.detail_channels and vae.detail_stage >= stages:
        raise ConfigError(
            f"Detail cannot enter at stage {vae.detail_stage}: vae.widths has {stages}, counted from 0.",
            hint=f"Set vae.detail_stage to {stages - 1} or less, or vae.detail_channels to 0.",
        )


def _check_layer(weights: int) -> None:
    if weights > MAX_LAYER_WEIGHTS:
        raise ConfigError(
            f"One layer of the network would have {weights:,} weights ({weights * 4 / 2**30:,.0f} GiB).",
            hint="Give more stages, fewer channels, or a smaller vae.image_size.",
        )
