"""Setting up a clone: the stamp, what the system lacks, and the words when it cannot go on."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import set_up

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "packaging" / "debian-packages.txt").read_text(encoding="utf-8")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the files set-up reads and a Python that can be started."""
    for name in set_up.INPUTS:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    python = Path(set_up.venv_python(str(tmp_path)))
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path


# ---- the stamp -------------------------------------------------------------------------------------


def test_a_fresh_clone_is_not_done(clone: Path) -> None:
    assert not set_up.is_done(str(clone), "run")


def test_after_setting_up_there_is_nothing_to_do(clone: Path) -> None:
    set_up.write_stamp(str(clone), "run")
    assert set_up.is_done(str(clone), "run")
    assert not set_up.is_done(str(clone), "test")


def test_setting_up_for_tests_includes_running(clone: Path) -> None:
    set_up.write_stamp(str(clone), "test")
    assert set_up.is_done(str(clone), "run")
    assert set_up.is_done(str(clone), "test")


@pytest.mark.parametrize("name", set_up.INPUTS)
def test_a_changed_input_asks_for_set_up_again(name: str, clone: Path) -> None:
    set_up.write_stamp(str(clone), "run")
    with (clone / name).open("a") as file:
        file.write("# changed\n")
    assert not set_up.is_done(str(clone), "run")


def test_a_moved_clone_asks_for_set_up_again(clone: Path) -> None:
    set_up.write_stamp(str(clone), "run")
    moved = clone.with_name("moved")
    clone.rename(moved)
    assert not set_up.is_done(str(moved), "run")


def test_a_python_that_was_upgraded_away_is_noticed(clone: Path) -> None:
    set_up.write_stamp(str(clone), "run")
    python = Path(set_up.venv_python(str(clone)))
    python.unlink()
    python.symlink_to("/usr/bin/python-of-yesterday")
    assert not set_up.is_done(str(clone), "run")


def test_the_second_run_costs_next_to_nothing(clone: Path) -> None:
    set_up.write_stamp(str(clone), "run")

    def least_cpu_s(*arguments: str) -> float:
        times = []
        for _ in range(7):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            result = subprocess.run(
                [sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            assert result.stdout == ""
        return min(times)

    # The processor's time, not the clock's, and against an idle interpreter: a busy machine does not matter.
    assert least_cpu_s(str(clone / "packaging" / "set_up.py"), "run") < least_cpu_s("-c", "pass") + 0.05


# ---- what the system lacks -------------------------------------------------------------------------

LIBRARIES = "\tlibEGL.so.1 (libc6,x86-64) => /lib/libEGL.so.1\n\tlibGL.so.1.7 (libc6) => /lib/libGL.so.1.7\n"


def test_the_list_of_packages_can_be_read() -> None:
    run, test = set_up.read_packages(PACKAGES, "run"), set_up.read_packages(PACKAGES, "test")
    assert {"libegl1", "libxcb-cursor0", "fonts-dejavu-core"} <= {package.name for package in run}
    assert {package.name for package in test} - {package.name for package in run} == {"xvfb", "xauth", "xdotool"}


@pytest.mark.parametrize("line", ["run libegl1", "sometimes libegl1 libEGL.so.1", "run a b c"])
def test_a_bad_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"debian-packages\.txt"):
        set_up.read_packages(line, "run")


@pytest.mark.parametrize(
    ("evidence", "is_missing"),
    [
        ("libEGL.so.1", False),
        ("libGL.so.1", True),  # libGL.so.1.7 is another library
        ("libegl.so.1", True),
        ("Xvfb", False),
        ("xdotool", True),
        ("/", False),
        ("/no/such/folder", True),
    ],
)
def test_what_is_missing_is_found(evidence: str, *, is_missing: bool) -> None:
    package = set_up.SystemPackage("run", "a-package", evidence)
    missing = set_up.missing_packages([package], libraries=LIBRARIES, which={"Xvfb": "/usr/bin/Xvfb"}.get)
    assert missing == (["a-package"] if is_missing else [])


def test_without_a_list_of_libraries_nothing_is_claimed() -> None:
    packages = set_up.read_packages(PACKAGES, "run")
    assert "libegl1" not in set_up.missing_packages(packages, libraries=None, which=lambda _: None)


def test_nothing_missing_needs_nobody() -> None:
    assert set_up.provide_packages([])


def test_who_is_not_root_gets_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\necho must not be called >&2; exit 9\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not set_up.provide_packages(["libegl1", "xvfb"])
    assert "    sudo apt-get install --no-install-recommends libegl1 xvfb\n" in capsys.readouterr().out


def test_root_gets_them_installed_after_an_update(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called = tmp_path / "called"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {called}\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert set_up.provide_packages(["libegl1", "xvfb"])
    assert called.read_text().splitlines() == [
        "noninteractive update -qq",
        "noninteractive install -y -qq --no-install-recommends libegl1 xvfb",
    ]


def test_a_failing_apt_ends_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\nexit 100\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(set_up.SetUpError, match="sudo apt-get install --no-install-recommends libegl1"):
        set_up.provide_packages(["libegl1"])


def test_other_systems_are_told_the_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not set_up.provide_packages(["libegl1"])
    assert "libegl1" in capsys.readouterr().out


# ---- display and Python ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "environment", "answer"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_recognised(platform: str, environment: dict[str, str], *, answer: bool) -> None:
    assert set_up.has_display(platform, environment) is answer


def test_an_old_python_looks_for_a_newer_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(set_up.SetUpError, match=r"needs 3\.11 or newer"):
        set_up.find_python()
    newer = tmp_path / "python3.12"
    newer.write_text("")
    newer.chmod(0o755)
    assert set_up.find_python() == str(newer)


def test_this_python_is_new_enough() -> None:
    assert set_up.find_python() == sys.executable
    assert re.fullmatch(r"python3\.\d+-venv", set_up.venv_package(sys.executable))
    assert set_up.can_make_venv(sys.executable)


def test_a_python_without_venv_is_noticed(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert not set_up.can_make_venv(str(python))


@pytest.mark.parametrize("before", ["nothing", "a Python that is gone", "a Python without pip"])
def test_an_environment_is_made_where_there_is_no_sound_one(before: str, tmp_path: Path) -> None:
    existing = Path(set_up.venv_python(str(tmp_path)))
    if before != "nothing":
        existing.parent.mkdir(parents=True)
        existing.symlink_to("/usr/bin/python-of-yesterday")
    if before == "a Python without pip":
        existing.unlink()
        existing.write_text("#!/bin/sh\nexit 1\n")
        existing.chmod(0o755)
    maker = tmp_path / "maker"
    maker.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/called\n')
    maker.chmod(0o755)
    set_up.make_environment(str(tmp_path), str(maker))
    assert (tmp_path / "called").read_text() == f"-m venv --clear {tmp_path}/.venv\n"


def test_a_sound_environment_is_kept(tmp_path: Path) -> None:
    existing = Path(set_up.venv_python(str(tmp_path)))
    existing.parent.mkdir(parents=True)
    existing.write_text("#!/bin/sh\nexit 0\n")
    existing.chmod(0o755)
    set_up.make_environment(str(tmp_path), "/bin/false")


def test_an_environment_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(set_up.SetUpError, match=r"could not make \.venv"):
        set_up.make_environment(str(tmp_path), "/bin/false")


def test_wrong_usage_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_up.main(["everything"]) == 2
    assert "usage:" in capsys.readouterr().out


def put_in_place_of_python(clone: Path, script: str) -> None:
    """A clone's environment runs this instead."""
    python = Path(set_up.venv_python(str(clone)))
    python.unlink()
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)


def test_pip_is_given_the_pins_and_its_failure_is_said(clone: Path, tmp_path: Path) -> None:
    called = tmp_path / "called"
    put_in_place_of_python(clone, f'echo "$*" >> {called}; case "$*" in *--editable*) exit 1;; esac')
    with pytest.raises(set_up.SetUpError, match="Is this machine online"):
        set_up.install(str(clone), "test")
    first, second = called.read_text().splitlines()
    assert first.endswith("--constraint packaging/constraints.txt hatchling editables")
    assert second.endswith("--constraint packaging/constraints.txt --no-build-isolation --editable .[test]")


def test_the_studio_is_compiled_before_its_first_start(clone: Path, tmp_path: Path) -> None:
    called = tmp_path / "called"
    put_in_place_of_python(clone, f'echo "$PWD $*" >> {called}')
    set_up.install(str(clone), "run")
    assert called.read_text().splitlines()[-1] == f"{clone} -m compileall -q lunar_studio"


# ---- the pins --------------------------------------------------------------------------------------


def test_every_pin_is_exact() -> None:
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert len({pin.split("==")[0].lower() for pin in pins}) == len(pins)


def test_every_dependency_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"], "hatchling"]
    text = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    for requirement in wanted:
        name = re.match(r"[\w-]+", requirement)
        assert name is not None
        assert f"\n{name.group().lower()}==" in text, f"{name.group()} is not pinned"
