"""The model file: comes back as it was, and whatever is wrong with one is said, not suffered."""

import errno
import json
import os
import pickle
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor

from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ModelFileError, ModelVersionError
from lunar_studio.models.bundle import ModelBundle, stored_tensors
from lunar_studio.models.model_file import MAX_HEADER_BYTES, VERSION, load_model, save_model
from tests.models.bundles import renamed, small_bundle

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return small_bundle()


@pytest.fixture(scope="module")
def good(bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "model.safetensors"
    save_model(bundle, path)
    return path.read_bytes()


def opened(payload: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description of a model file."""
    header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    return load(payload), {key: json.loads(value) for key, value in header["__metadata__"].items()}


def closed(tensors: dict[str, Tensor], description: dict[str, Any]) -> bytes:
    return save(tensors, metadata={key: json.dumps(value) for key, value in description.items()})


def refuse(path: Path, because: str, payload: bytes | None = None) -> ModelFileError:
    if payload is not None:
        path.write_bytes(payload)
    with pytest.raises(ModelFileError, match=because) as refusal:
        load_model(path)
    assert refusal.value.hint
    assert len(refusal.value.message) < 2000
    return refusal.value


# ---- a good file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "classic", "without a teacher"])
def test_round_trip_is_exact_to_half_precision(name: str, tmp_path: Path) -> None:
    tiny = PRESETS["tiny"]
    config = {
        "tiny": tiny,
        "classic": msgspec.structs.replace(
            PRESETS["classic-128"],
            vae=msgspec.structs.replace(
                PRESETS["classic-128"].vae, image_size=16, encoder_channels=(4, 8), latent_dim=6
            ),
            teacher=msgspec.structs.replace(tiny.teacher, image_channels=3),
            prior=tiny.prior,
        ),
        "without a teacher": msgspec.structs.replace(
            tiny, training=msgspec.structs.replace(tiny.training, teacher_mode="off")
        ),
    }[name]
    before = small_bundle(config)
    save_model(before, tmp_path / "m.safetensors")
    after, info = load_model(tmp_path / "m.safetensors")

    assert (after.name, after.config, after.experts, after.card) == (
        before.name, before.config, before.experts, dict(before.card),
    )  # fmt: skip
    assert set(after.modules()) == set(before.modules())
    for part, module in before.modules().items():
        found = after.modules()[part]
        assert not any(m.training for m in found.modules())
        assert all(p.requires_grad and p.dtype == torch.float32 for p in found.parameters())
        assert not any(t.is_meta for t in found.state_dict().values())
        for key, value in stored_tensors(module).items():
            exact = part == "vae" and key.startswith(before.vae.float32_parts)
            wanted = value.half().float() if value.ndim >= 2 and not exact else value
            assert torch.equal(found.state_dict()[key], wanted), key
    assert after.vocabulary.words == before.vocabulary.words
    assert torch.equal(after.vocabulary.vectors_VD, before.vocabulary.vectors_VD)
    np.testing.assert_array_equal(after.calibration.quantiles_RQ, before.calibration.quantiles_RQ)
    for one, two in zip(before.directions, after.directions, strict=True):
        assert (one.id, one.name, one.group, one.centre, one.sigma, one.share) == (
            two.id, two.name, two.group, two.centre, two.sigma, two.share,
        )  # fmt: skip
        np.testing.assert_array_equal(one.axis_L, two.axis_L)
    z = torch.randn(2, before.vae.latent_dim)
    with torch.no_grad():
        change = (after.vae.decode(z) - before.vae.decode(z)).abs().max()
    assert float(change) < 0.05
    assert info.parameters == before.vae.parameter_count()
    assert (info.name, info.preset, info.image_size) == (before.name, config.preset, config.vae.image_size)


def test_what_would_show_in_the_pixels_keeps_its_precision(good: bytes) -> None:
    stored = opened(good)[0]
    halves = {key for key, value in stored.items() if value.dtype == torch.float16}
    last = {key for key in stored if key.startswith("vae.to_logits.")}
    assert last
    assert not last & halves
    assert sum(stored[key].numel() for key in halves) > 0.8 * sum(value.numel() for value in stored.values())


def test_same_model_same_bytes(bundle: ModelBundle, good: bytes, tmp_path: Path) -> None:
    for _ in range(4):  # safetensors alone would shuffle the metadata
        save_model(bundle, tmp_path / "again.safetensors")
        assert (tmp_path / "again.safetensors").read_bytes() == good
    assert (int.from_bytes(good[:8], "little") + 8) % 8 == 0


def test_what_was_loaded_trains(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(good)
    vae = load_model(tmp_path / "m")[0].vae.train()
    x = torch.rand(4, 4, 16, 16) * 2 - 1
    mu, logvar = vae.encode(x)
    torch.autograd.backward(vae.reconstruct(vae.reparameterize(mu, logvar), x).loss)
    assert all(p.grad is not None for n, p in vae.named_parameters())


def test_a_loaded_model_does_not_hang_on_its_file(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(good)
    loaded, _ = load_model(path)
    before = {k: v.clone() for k, v in loaded.vae.state_dict().items()}, loaded.vocabulary.vectors_VD.clone()
    with path.open("r+b") as file:  # overwritten in place, then cut: a mapped file would change or crash us
        file.write(b"\xff" * len(good))
        file.truncate(10)
    assert all(torch.equal(v, before[0][k]) for k, v in loaded.vae.state_dict().items())
    assert torch.equal(loaded.vocabulary.vectors_VD, before[1])


def test_the_digest_is_of_the_bytes(good: bytes, tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "m").write_bytes(good)
    assert load_model(tmp_path / "m")[1].digest == hashlib.sha256(good).hexdigest()


def test_a_link_to_a_model_opens(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(good)
    (tmp_path / "link").symlink_to(tmp_path / "m")
    assert load_model(tmp_path / "link")[0].name == "Überprüfung ✓"


def test_a_weight_too_large_for_half_precision_keeps_its_value(tmp_path: Path) -> None:
    large = small_bundle()
    with torch.no_grad():
        large.prior.enter.weight[0, 0] = 1e6
    save_model(large, tmp_path / "m")
    assert float(load_model(tmp_path / "m")[0].prior.enter.weight[0, 0].detach()) == 1e6


def test_long_words_of_captions_do_not_make_a_file_that_cannot_be_opened(bundle: ModelBundle, tmp_path: Path) -> None:
    import dataclasses

    from lunar_studio.models.words import Vocabulary

    words = Vocabulary.fit(["x" * 2000 + " potion"], bundle.config.teacher.embedding_dim)
    save_model(dataclasses.replace(bundle, vocabulary=words), tmp_path / "m")
    assert load_model(tmp_path / "m")[0].vocabulary.words == ("potion",)


# ---- writing -------------------------------------------------------------------------------------


def test_anyone_may_read_it_and_nothing_else_is_left(bundle: ModelBundle, tmp_path: Path) -> None:
    save_model(bundle, tmp_path / "new" / "folder" / "m.safetensors")
    assert stat.S_IMODE((tmp_path / "new/folder/m.safetensors").stat().st_mode) == 0o644
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize("failing", ["fsync", "write", "replace"])
def test_a_full_disk_leaves_the_old_file(
    failing: str, bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    save_model(bundle, path)
    old = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if failing == "fsync":
            patch.setattr(os, "fsync", full)
        elif failing == "replace":
            patch.setattr(Path, "replace", full)
        else:
            limit_file_size(patch)
        with pytest.raises(ModelFileError, match="could not be saved") as refusal:
            save_model(renamed(bundle, "other"), path)
    assert "disk" in refusal.value.hint
    assert path.read_bytes() == old
    assert [found.name for found in tmp_path.iterdir() if found.name != "studio-home"] == ["m.safetensors"]


def limit_file_size(patch: pytest.MonkeyPatch) -> None:
    """Let the kernel refuse bytes beyond the first 10,000 of a file, as a full disk would."""
    import resource
    import signal

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, old[1]))

    class Restore:
        """Undone together with the other patches."""

        def __delattr__(self, name: str) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, handler)

    patch.setattr(Restore(), "limit", True, raising=False)


def test_a_folder_that_cannot_be_made(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFileError, match="could not be saved"):
        save_model(bundle, tmp_path / "file" / "m.safetensors")


def test_a_diverged_model_is_not_saved_over_a_good_one(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(good)
    sick = small_bundle()
    with torch.no_grad():
        sick.prior.enter.bias[0] = float("nan")
    with pytest.raises(ModelFileError, match=r"prior\.enter\.bias are not finite"):
        save_model(sick, path)
    assert path.read_bytes() == good


# ---- what is not a model file --------------------------------------------------------------------


def test_things_that_are_no_files(tmp_path: Path) -> None:
    refuse(tmp_path / "nowhere", "There is no model file")
    refuse(tmp_path, "folder, pipe or device")
    refuse(Path("/dev/zero"), "folder, pipe or device")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    refuse(tmp_path / "dangling", "There is no model file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refuse(tmp_path / "loop", "cannot be read")
    refuse(tmp_path / ("x" * 300), "cannot be read")
    refuse(Path(f"{tmp_path}/a\0b"), "cannot be read")


@pytest.mark.timeout(20)
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refuse(tmp_path / "pipe", "folder, pipe or device")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    refuse(tmp_path / "link", "folder, pipe or device")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(good)
    (tmp_path / "m").chmod(0)
    refuse(tmp_path / "m", "Permission denied")


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "m"
    refuse(path, "not a whole safetensors", b"")
    refuse(path, "not a whole safetensors", b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    refuse(path, "not a whole safetensors", b"\0" * 8)
    refuse(path, "not a whole safetensors", (2).to_bytes(8, "little") + b"[]")
    refuse(path, "not a Lunar Studio model", (2).to_bytes(8, "little") + b"{}")
    refuse(path, "not a Lunar Studio model", save({"weights": torch.ones(3)}))
    refuse(path, "not a Lunar Studio model", save({"a": torch.ones(3)}, metadata={"format": "pt", "stamp": "{}"}))
    refuse(path, "not a whole safetensors", b"PK\x03\x04" + b"\0" * 2000)


class Bomb:
    """Would leave a file behind if anything unpickled it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    for payload in (pickle.dumps(Bomb(tmp_path / "boom")), b""):
        refuse(tmp_path / "m", "cannot be used", payload)
    torch.save({"weights": Bomb(tmp_path / "boom")}, tmp_path / "torch")
    refuse(tmp_path / "torch", "cannot be used")
    assert not (tmp_path / "boom").exists()


# ---- damaged and hostile models ------------------------------------------------------------------


def test_cut_anywhere(good: bytes, tmp_path: Path) -> None:
    for length in [*range(0, 64, 7), *np.linspace(64, len(good) - 1, 40, dtype=int)]:
        refuse(tmp_path / "m", "cannot be used", good[: int(length)])
    refuse(tmp_path / "m", "cannot be used", good + b"\0")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bits_are_refused_or_change_numbers_only(data: st.DataObject, good: bytes, tmp_path: Path) -> None:
    header = int.from_bytes(good[:8], "little") + 8
    place = data.draw(st.one_of(st.integers(0, header - 1), st.integers(header, len(good) - 1)))
    flipped = bytearray(good)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "m").write_bytes(flipped)
    try:
        loaded, _ = load_model(tmp_path / "m")
    except ModelFileError as refusal:
        assert refusal.hint  # noqa: PT017 - both outcomes are right
    else:
        assert all(bool(torch.isfinite(v).all()) for m in loaded.modules().values() for v in m.state_dict().values())


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """An edit of the description at `facts.config.vae.image_size`-like paths."""

    def edit(description: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for key in way:
            description = description[int(key)] if key.isdecimal() else description[key]  # type: ignore[index]
        description[last] = value

    return edit


@pytest.mark.parametrize(
    ("path", "value", "because"),
    [
        ("stamp/version", 0, "not a Lunar Studio model"),
        ("stamp/version", "1", "not a Lunar Studio model"),
        ("stamp/format", "else", "not a Lunar Studio model"),
        ("facts/name", "x" * 600, "its description is wrong"),
        ("facts/extra", 1, "its description is wrong"),
        ("facts/config/vae/image_size", 10**9, "its description is wrong"),
        ("facts/config/vae/image_size", 18, "its configuration builds no network"),
        ("facts/config/vae/family", "classic", "its description is wrong"),
        ("facts/config/vae/widths", [4096] * 9, "its description is wrong"),
        ("facts/config/vae/widths", [], "its description is wrong"),
        ("facts/config/vae/widths", [4096, 4096], "has shape"),
        ("facts/config/vae/colours", 5, "has shape"),
        ("facts/config/prior/hidden_dim", 4096, "has shape"),
        ("facts/config/prior/blocks", 2, "is missing"),
        ("facts/config/teacher/num_experts", 5, "it names 4 experts but has 5"),
        ("facts/config/training/teacher_mode", "off", "it names 4 experts but has 0"),
        ("facts/experts", [], "it names 0 experts but has 4"),
        ("facts/words", ["one"], "words.vectors has shape"),
        ("facts/words", ["x"] * 100_000, "its description is wrong"),
        ("facts/words", ["x" * 5000], "its description is wrong"),
        ("facts/directions", [], "directions.axes has shape"),
        ("facts/directions/0/sigma", 0.0, "its description is wrong"),
        ("facts/directions/0/sigma", -1.0, "its description is wrong"),
        ("facts/directions/0/group", "other", "its description is wrong"),
        ("facts/card", [], "its description is wrong"),
    ],
)
def test_descriptions_that_do_not_fit(path: str, value: object, because: str, good: bytes, tmp_path: Path) -> None:
    tensors, description = opened(good)
    change(path, value)(description)
    refuse(tmp_path / "m", because, closed(tensors, description))


def test_a_description_of_terabytes_takes_no_memory(good: bytes, tmp_path: Path) -> None:
    tensors, description = opened(good)
    description["facts"]["config"]["vae"] = {
        "family": "classic",
        "image_size": 512,
        "latent_dim": 4096,
        "encoder_channels": [4096] * 8,
        "stride": 1,
        "padding": 4,
        "kernel_size": 9,
    }
    path = tmp_path / "m"
    path.write_bytes(closed(tensors, description))
    script = (
        "import sys; from pathlib import Path; from tests.bench.checkpointing import peak_bytes\n"
        "from lunar_studio.models.model_file import load_model\n"
        "from lunar_studio.errors import ModelFileError\n"
        "before = peak_bytes()\n"
        "try:\n    load_model(Path(sys.argv[1]))\nexcept ModelFileError as refusal:\n    print(refusal.message)\n"
        "print((peak_bytes() - before) // 2**20)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    message, megabytes = done.stdout.strip().splitlines()
    assert "has shape" in message or "is missing" in message
    assert int(megabytes) < 200


def test_a_newer_version_is_named(good: bytes, tmp_path: Path) -> None:
    tensors, description = opened(good)
    description["stamp"]["version"] = VERSION + 1
    refusal = refuse(tmp_path / "m", "newer Lunar Studio", closed(tensors, description))
    assert isinstance(refusal, ModelVersionError)
    assert "Update" in refusal.hint


def spoil(key: str, value: Tensor | None) -> Callable[[dict[str, Tensor]], None]:
    def edit(tensors: dict[str, Tensor]) -> None:
        if value is None:
            del tensors[key]
        else:
            tensors[key] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "because"),
    [
        (spoil("prior.mean_I", None), "prior.mean_I is missing"),
        (spoil("prior.mean_I", torch.zeros(5)), "prior.mean_I has shape"),
        (spoil("prior.mean_I", torch.full((76,), float("nan"))), "prior.mean_I are not finite"),
        (spoil("prior.std_I", torch.full((76,), float("inf"))), "prior.std_I are not finite"),
        (spoil("prior.mean_I", torch.zeros(76, dtype=torch.int64)), "are torch.int64"),
        (spoil("prior.mean_I", torch.zeros(76, dtype=torch.float8_e4m3fn)), "are torch.float8"),
        (spoil("prior.mean_I", torch.zeros(76, dtype=torch.float64)), "are torch.float64"),
        (spoil("vae.stranger", torch.zeros(3)), "does not know, such as vae.stranger"),
        (spoil("directions.axes", torch.zeros(3, 140)), "finite unit vector"),
        (spoil("calibration.quantiles", torch.arange(505.0).flip(0).view(5, 101)), "do not ascend"),
    ],
)
def test_tensors_that_do_not_fit(
    edit: Callable[[dict[str, Tensor]], None], because: str, good: bytes, tmp_path: Path
) -> None:
    tensors, description = opened(good)
    edit(tensors)
    refuse(tmp_path / "m", because, closed(tensors, description))


def test_headers_that_lie(good: bytes, tmp_path: Path) -> None:
    length = int.from_bytes(good[:8], "little")
    header, body = json.loads(good[8 : 8 + length]), good[8 + length :]

    def with_header(changed: dict[str, Any]) -> bytes:
        raw = json.dumps(changed).encode()
        return len(raw).to_bytes(8, "little") + raw + body

    path = tmp_path / "m"
    refuse(path, "not a whole safetensors", (2**63).to_bytes(8, "little") + good[8:])
    refuse(path, "not a whole safetensors", (len(good)).to_bytes(8, "little") + good[8:])
    key = next(name for name in header if name != "__metadata__")
    for lie in ({"shape": [10**12]}, {"shape": [-1]}, {"dtype": "F4"}, {"dtype": "X"}, {"data_offsets": [0, 2**60]}):
        changed = json.loads(json.dumps(header))
        changed[key] |= lie
        refuse(path, "cannot be used", with_header(changed))
    overlapping = json.loads(json.dumps(header))
    for name in overlapping:
        if name != "__metadata__":
            overlapping[name]["data_offsets"] = header[key]["data_offsets"]
    refuse(path, "cannot be used", with_header(overlapping))
    refuse(path, "cannot be used", with_header(header | {"__metadata__": {"stamp": 1}}))


def test_a_header_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    size = MAX_HEADER_BYTES + 1
    payload = size.to_bytes(8, "little") + b'{"__metadata__":{"stamp":"' + b"x" * (size - 30) + b'"}}  '
    refuse(tmp_path / "m", "not a whole safetensors", payload)


@pytest.mark.parametrize("where", ["facts", "stamp", "card"])
def test_nesting_without_end(where: str, good: bytes, tmp_path: Path) -> None:
    tensors, description = opened(good)
    metadata = {key: json.dumps(value) for key, value in description.items()}
    deep = "[" * 100_000 + "]" * 100_000
    if where == "card":
        metadata["facts"] = metadata["facts"].replace('"card": {', '"card": {"deep": ' + deep + ", ")
    else:
        metadata[where] = deep
    refuse(tmp_path / "m", "description is wrong|not a Lunar Studio", save(tensors, metadata=metadata))


def test_a_file_larger_than_any_model(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with path.open("wb") as file:
        file.truncate(2**31)  # sparse: takes no room on the disk
    refuse(path, "larger than any model")


def test_a_card_that_is_odd_but_harmless(good: bytes, tmp_path: Path) -> None:
    tensors, description = opened(good)
    description["facts"]["card"] = {"": {"a": [None, True, 1e300, "\ud83d\ude00"]}}
    (tmp_path / "m").write_bytes(closed(tensors, description))
    assert load_model(tmp_path / "m")[0].card == {"": {"a": [None, True, 1e300, "😀"]}}
