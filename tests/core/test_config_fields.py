"""Configurations as fields: every field, texts to values and back, and parts that must fit together."""

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lunar_studio.core.config import ClassicVaeConfig, RunConfig, SpriteVaeConfig
from lunar_studio.core.config_fields import (
    MAX_FILE_BYTES,
    SECTION_TITLES,
    ConfigField,
    Difference,
    differences,
    fields,
    format_value,
    from_json,
    to_json,
    validate,
    with_overrides,
)
from lunar_studio.core.presets import PRESETS, preset
from lunar_studio.errors import ConfigError

SPRITE, CLASSIC = preset("sprite-32"), preset("classic-128")
ALL = [field for config in (SPRITE, CLASSIC) for field in fields(config)]


def field(key: str, config: RunConfig = SPRITE) -> ConfigField:
    """The field of that name."""
    return next(known for known in fields(config) if known.key == key)


def values_of(known: ConfigField) -> st.SearchStrategy[object]:
    """Values that a field takes."""
    low = -(2**31) if known.minimum is None else known.minimum
    high = 2**31 if known.maximum is None else known.maximum
    whole = st.integers(int(low), int(high))
    texts = st.from_regex(known.pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
    strategies: dict[str, st.SearchStrategy[object]] = {
        "bool": st.booleans(),
        "choice": st.sampled_from(known.choices or (None,)),
        "int": whole,
        "int list": st.lists(whole, min_size=known.shortest, max_size=known.longest).map(tuple),
        "float": st.floats(
            low, high, exclude_min=known.above_minimum, exclude_max=known.below_maximum, allow_subnormal=False
        ),
        "text": texts,
        "text list": st.lists(texts, min_size=known.shortest, max_size=known.longest).map(tuple),
    }
    return strategies[known.kind]


# ---- the list ------------------------------------------------------------------------------------


def test_every_field_of_a_configuration_is_there_once() -> None:
    for config in (SPRITE, CLASSIC):
        expected = {
            f"{section}.{name}" for section in SECTION_TITLES for name in getattr(config, section).__struct_fields__
        }
        keys = [known.key for known in fields(config)]
        assert len(keys) == len(set(keys))
        assert set(keys) == expected
    assert set(SECTION_TITLES) == set(RunConfig.__struct_fields__) - {"preset"}


@pytest.mark.parametrize("known", ALL, ids=lambda known: known.key)
def test_every_field_describes_itself(known: ConfigField) -> None:
    assert known.description.endswith((".", ")."))
    assert known.title[0].isupper()
    assert "_" not in known.title
    assert known.section in SECTION_TITLES
    assert known.kind != "choice" or len(known.choices) > 1
    assert known.kind != "text" or known.pattern
    assert known.kind not in ("int", "float", "int list") or known.minimum is not None
    assert known.range_text


def test_a_field_says_its_range_unit_and_default() -> None:
    size = field("vae.image_size")
    assert (size.minimum, size.maximum, size.unit, size.default, size.value) == (8, 256, "px", 32, 32)
    assert size.range_text == "a whole number at least 8 and at most 256"
    target = field("training.quality_target")
    assert (target.above_minimum, target.below_maximum) == (True, True)
    assert target.range_text == "a number above 0 and below 1"
    assert field("training.flip").range_text == "true or false"
    assert field("training.warmup_steps").range_text == "a whole number at least 0"
    assert field("vae.widths").range_text.startswith("1 to 8 whole numbers")
    assert field("training.teacher_mode").choices == ("off", "joint", "alternating", "after")


def test_titles_are_words() -> None:
    assert field("training.kl_weight").title == "KL weight"
    assert field("training.shift_px").title == "Shift"
    assert field("teacher.num_experts").title == "Number of experts"


def test_a_default_is_the_documents_and_a_value_is_the_presets() -> None:
    rate = field("training.learning_rate")
    assert rate.default == pytest.approx(1e-4)
    assert rate.value == SPRITE.training.learning_rate != rate.default


def test_short_keys_mean_one_field() -> None:
    short = [known.short_key for known in fields(SPRITE)]
    assert len(short) == len(set(short))
    assert field("vae.widths").short_key == "widths"
    assert field("training.learning_rate").short_key == "learning_rate"
    assert field("prior.learning_rate").short_key == "prior.learning_rate"


# ---- texts to values -----------------------------------------------------------------------------


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
def test_every_value_survives_its_text(config: RunConfig) -> None:
    texts = {known.key: format_value(known.value) for known in fields(config)}
    assert with_overrides(config, texts) == config
    assert with_overrides(config, [f"{key}={text}" for key, text in texts.items()]) == config
    assert with_overrides(config, {known.key: known.value for known in fields(config)}) == config


@given(st.data())
def test_any_value_in_range_is_taken_as_value_and_as_text(data: st.DataObject) -> None:
    known = data.draw(st.sampled_from(fields(SPRITE)))
    value = data.draw(values_of(known))
    changed = with_overrides(SPRITE, {known.key: value})
    assert field(known.key, changed).value == value
    assert with_overrides(SPRITE, [f"{known.key}={format_value(value)}"]) == changed
    assert from_json(to_json(changed)) == changed


@given(st.sampled_from([known for known in ALL if known.kind in ("int", "float")]), st.floats(1, 1e9))
def test_any_number_out_of_range_is_refused_and_the_range_named(known: ConfigField, beyond: float) -> None:
    config = SPRITE if any(known is one for one in ALL[: len(fields(SPRITE))]) else CLASSIC
    for limit, sign in ((known.minimum, -1), (known.maximum, 1)):
        if limit is not None:
            with pytest.raises(ConfigError) as caught:
                with_overrides(config, {known.key: int(limit + sign * beyond)})
            assert known.range_text in caught.value.message
            assert known.key in caught.value.message


@settings(max_examples=15)  # each goes through every field
@example("")
@example("nan")
@example("-inf")
@example("1e999")
@example("٣")
@example("[1, [2]]")
@example("true\0")
@given(st.text(max_size=20))
def test_no_text_crashes_a_field(text: str) -> None:
    for known in fields(SPRITE):
        try:
            changed = with_overrides(SPRITE, {known.key: text})
        except ConfigError:
            continue
        assert from_json(to_json(changed)) == changed


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("batch_size=128", "training.batch_size", 128),
        ("training.batch_size = 128", "training.batch_size", 128),
        ("max_steps=2e3", "training.max_steps", 2000),
        ("max_steps=1_000", "training.max_steps", 1000),
        ("learning_rate=3e-4", "training.learning_rate", 3e-4),
        ("prior.learning_rate=3e-4", "prior.learning_rate", 3e-4),
        ("flip=off", "training.flip", False),
        ("flip=NO", "training.flip", False),
        ("gradient_checkpointing=YES", "training.gradient_checkpointing", True),
        ("widths=[8, 16]", "vae.widths", (8, 16)),
        ("image_channels=3", "teacher.image_channels", 3),
        ("precision=bf16", "training.precision", "bf16"),
        ("device=cuda:1", "training.device", "cuda:1"),
    ],
)
def test_what_people_type(assignment: str, key: str, value: object) -> None:
    changed = with_overrides(SPRITE, [assignment])
    assert field(key, changed).value == value
    assert [difference.key for difference in differences(changed, SPRITE)] == [key]


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("batch_siz=3", "Did you mean training.batch_size?"),
        ("batch_size", "key=value"),
        ("=3", "no setting called ''"),
        ("hidden_dim=64", "teacher.hidden_dim or prior.hidden_dim"),
        ("preset=mine", "no setting called 'preset'"),
        ("vae.family=classic", "no setting called"),
        ("zzzzzz=1", "Names are like"),
        ("batch_size=0", "at least 1"),
        ("batch_size=1.5", "a whole number"),
        ("batch_size=", "a whole number"),
        ("batch_size=١٢٨x", "a whole number"),
        ("learning_rate=0", "above 0"),
        ("learning_rate=nan", "above 0"),
        ("kl_weight=inf", "at least 0"),
        ("kl_weight=1e999", "at least 0"),
        ("warmup_steps=1e99", "a whole number"),
        ("ema_decay=1", "below 1"),
        ("flip=maybe", "true or false"),
        ("kl_form=Mean", "one of mean, sum"),
        ("device=tpu", "one of auto, cpu"),
        ("device=cpu\n", ""),
        ("widths=", "1 to 8"),
        ("widths=1,2,3,4,5,6,7,8,9", "1 to 8"),
        ("widths=8,,16", "whole numbers"),
    ],
)
def test_what_people_mistype(assignment: str, reason: str) -> None:
    if reason:
        with pytest.raises(ConfigError) as caught:
            with_overrides(SPRITE, [assignment])
        assert reason in str(caught.value)
    else:  # Space around a value does not matter.
        assert with_overrides(SPRITE, [assignment]).training.device == "cpu"


@pytest.mark.parametrize("value", [None, [], {}, True, b"3", object()], ids=lambda value: type(value).__name__)
def test_values_of_wrong_types_are_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"training\.batch_size must be"):
        with_overrides(SPRITE, {"training.batch_size": value})
    with pytest.raises(ConfigError, match=r"vae\.widths must be"):
        with_overrides(SPRITE, {"vae.widths": value})


def test_overrides_leave_the_first_configuration_alone() -> None:
    with_overrides(SPRITE, ["batch_size=1"])
    assert preset("sprite-32").training.batch_size == SPRITE.training.batch_size


# ---- differences ---------------------------------------------------------------------------------


def test_differences_name_what_was_changed() -> None:
    changed = with_overrides(SPRITE, ["batch_size=16", "flip=no"])
    assert differences(changed, SPRITE) == (
        Difference("training.batch_size", "Batch size", SPRITE.training.batch_size, 16),
        Difference("training.flip", "Flip", True, False),
    )
    assert differences(SPRITE, SPRITE) == ()


def test_differences_between_families_show_fields_the_other_lacks() -> None:
    found = {difference.key: difference for difference in differences(CLASSIC, SPRITE)}
    assert found["vae.kernel_size"].base is None
    assert found["vae.kernel_size"].value == 4
    assert format_value(found["vae.kernel_size"].base) == ""


# ---- parts that fit together ---------------------------------------------------------------------


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
def test_every_preset_is_valid(config: RunConfig) -> None:
    validate(config)


@pytest.mark.parametrize(
    ("config", "overrides", "hint"),
    [
        (SPRITE, ["image_size=37"], "vae.image_size to 36"),
        (SPRITE, ["widths=1,1,1,1,1,1,1,1"], "fewer vae.widths"),
        (SPRITE, ["detail_stage=2"], "vae.detail_stage to 1"),
        (SPRITE, ["teacher.image_channels=3"], "teacher.image_channels to 4"),
        (CLASSIC, ["vae.image_channels=4"], "teacher.image_channels to 4"),
        (CLASSIC, ["image_size=8", "padding=0"], "fewer vae.encoder_channels"),
        (CLASSIC, ["stride=1"], "smaller vae.image_size"),
        (SPRITE, ["image_size=256", "widths=8", "cell_channels=128", "prior.hidden_dim=4096"], "prior.hidden_dim"),
        (SPRITE, ["accumulate=128", "batch_size=64"], "Lower training.accumulate"),
        (SPRITE, ["image_size=16", "widths=8", "shift_px=16"], "Lower training.shift_px"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_what_to_change(
    config: RunConfig, overrides: list[str], hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(with_overrides(config, overrides))
    assert hint in caught.value.hint


def test_the_hinted_size_is_valid() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(with_overrides(SPRITE, ["image_size=50"]))
    size = caught.value.hint.split()[3].rstrip(",")
    validate(with_overrides(SPRITE, [f"image_size={size}"]))


def test_without_a_teacher_its_channels_do_not_matter() -> None:
    validate(with_overrides(SPRITE, ["teacher.image_channels=3", "teacher_mode=off"]))


def _shrinks_to_nothing(vae: ClassicVaeConfig) -> bool:
    """Whether the padded picture gets smaller than the kernel on the way down."""
    size = vae.image_size
    for _ in vae.encoder_channels:
        if size + 2 * vae.padding < vae.kernel_size:
            return True
        size = len(range(0, size + 2 * vae.padding - vae.kernel_size + 1, vae.stride))
    return False


@given(
    st.integers(8, 128),
    st.integers(1, 5),
    st.integers(2, 9),
    st.integers(1, 4),
    st.integers(0, 4),
)
def test_a_valid_classic_network_comes_back_to_its_size(
    size: int, stages: int, kernel: int, stride: int, padding: int
) -> None:
    vae = ClassicVaeConfig(
        image_size=size,
        encoder_channels=(1,) * stages,
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        latent_dim=1,
    )
    config = msgspec.structs.replace(CLASSIC, vae=vae)
    if _shrinks_to_nothing(vae):
        with pytest.raises(ConfigError, match="to nothing"):
            validate(config)
        return
    validate(config)
    for _ in range(stages):
        smaller = (size + 2 * padding - kernel) // stride + 1
        # torch: a transposed convolution gives this size, and may add up to stride - 1 pixels.
        assert 0 <= size - ((smaller - 1) * stride - 2 * padding + kernel) < stride
        size = smaller


# ---- config.json ---------------------------------------------------------------------------------


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
def test_every_preset_survives_its_file(config: RunConfig) -> None:
    raw = to_json(config)
    assert from_json(raw) == config
    assert to_json(from_json(raw)) == raw
    assert json.loads(raw)["vae"]["family"] in ("sprite", "classic")


def test_a_files_family_decides_the_network() -> None:
    assert isinstance(from_json(b'{"preset": "x", "vae": {"family": "sprite"}}').vae, SpriteVaeConfig)
    assert isinstance(from_json(b'{"preset": "x"}').vae, ClassicVaeConfig)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"{}", "preset"),
        (b'{"preset": "x", "colour": 1}', "colour"),
        (b'{"preset": "x", "training": {"batch_size": 0}}', "$.training.batch_size"),
        (b'{"preset": "x", "training": {"batch_size": "64"}}', "$.training.batch_size"),
        (b'{"preset": "x", "training": {"kl_weight": NaN}}', "cannot be read"),
        (b'{"preset": "x", "training": {"kl_weight": 1e999}}', "$.training.kl_weight"),
        (b'{"preset": "x", "vae": {"family": "sprite", "widths": []}}', "$.vae.widths"),
        (b'{"preset": "x", "vae": {"family": "sprite", "widths": [1, "2"]}}', "$.vae.widths[1]"),
        (b'{"preset": "x", "vae": {"family": "pickle"}}', "$.vae"),
        (b" " * (MAX_FILE_BYTES + 1), "far too large"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_bad_file_is_refused_with_the_place(raw: bytes, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_json(raw)
    assert reason in caught.value.message


@given(st.binary(max_size=200))
def test_no_file_crashes_the_reader(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        from_json(raw)
