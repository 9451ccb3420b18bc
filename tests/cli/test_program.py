"""The program as a whole: exit statuses, the window, a light start, pipes and interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lunar_studio import __version__
from lunar_studio.cli import main
from lunar_studio.cli.program import build_parser
from lunar_studio.errors import LunarError
from tests.cli.conftest import Run

COMMANDS = ("gui", "info", "dataset", "train", "evaluate", "encode", "decode", "sample", "score", "export", "bench")


ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding=encoding,
        env=dict(os.environ, PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
        timeout=100,
    )


def studio(*arguments: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    return python("-m", "lunar_studio", *arguments, encoding=encoding)


# ---- usage ---------------------------------------------------------------------------------------


def test_help_names_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.status == 0
    for command in COMMANDS:
        assert f"\n    {command} " in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("command", [*COMMANDS, "dataset check", "dataset build"])
def test_every_command_helps(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"usage: lunar-studio {command}")


def test_version(run: Run) -> None:
    assert run("--version").out == f"Lunar Studio {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["info", "a", "b"],
        ["info", "--fly"],
        ["dataset"],
        ["dataset", "check"],
        ["dataset", "build", "art"],
        ["dataset", "build", "art", "--out", "x", "--size", "0"],
        ["dataset", "build", "art", "--out", "x", "--size", "big"],
        ["dataset", "check", "art", "--skip", "use"],
        ["train"],
        ["train", "art"],
        ["train", "art", "--out", "run", "--max-steps", "0"],
        ["train", "art", "--out", "run", "--max-minutes", "-1"],
        ["train", "art", "--out", "run", "--preset", "gigantic"],
        ["train", "art", "--out", "run", "--set", "no_such_field=1"],
        ["train", "art", "--out", "run", "--set", "batch_size=many"],
        ["train", "art", "--out", "run", "--device", "tpu"],
        ["train", "art", "--out", "run", "--precision", "fp64"],
        ["train", "art", "--out", "run", "--resume", "--preset", "tiny"],
        ["evaluate"],
        ["encode", "art"],
        ["decode", "latents.npz"],
        ["sample"],
        ["sample", "--out", "x", "--count", "0"],
        ["sample", "--out", "x", "--count", "1000000"],
        ["sample", "--out", "x", "--seed", "-1"],
        ["sample", "--out", "x", "--temperature", "0"],
        ["sample", "--out", "x", "--temperature", "nan"],
        ["score"],
        ["export", "art", "--out", "x"],
        ["export", "art", "--format", "sheet"],
        ["export", "art", "--format", "stone-tablet", "--out", "x"],
        ["bench", "--slowly"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_with_a_word_on_stderr(
    run: Run, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.strip()
    assert list(tmp_path.iterdir()) == [], "nothing is written before the arguments are understood"


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "nowhere.safetensors"],
        ["info", "junk.bin"],
        ["dataset", "check", "nowhere"],
        ["dataset", "build", "nowhere", "--out", "set"],
        ["dataset", "build", "junk.bin", "--out", "set"],
        ["dataset", "check", "pictures", "--slice", "huge"],
        ["train", "nowhere", "--out", "run"],
        ["train", "pictures", "--out", "run", "--resume"],
        ["train", "pictures", "--out", "run", "--extension", "junk.bin"],
        ["evaluate", "pictures", "--model", "junk.bin"],
        ["encode", "pictures", "--out", "l.npz", "--model", "nowhere"],
        ["decode", "junk.bin", "--out", "d", "--model", "junk.bin"],
        ["sample", "--out", "d", "--model", "pictures"],
        ["score", "pictures", "--model", "junk.bin"],
        ["export", "nowhere", "--format", "sheet", "--out", "x"],
        ["export", "junk.bin", "--format", "sheet", "--out", "x"],
        ["export", "pictures", "--format", "sheet", "--out", "x"],
    ],
    ids=" ".join,
)
def test_a_failed_job_is_1_with_one_message_and_a_hint(
    run: Run, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.bin").write_bytes(b"\x00\xff" * 100)
    (tmp_path / "pictures").mkdir()
    for extra in ([], ["--json"]):
        ran = run(*arguments, *extra)
        assert ran.status == 1
        assert ran.out == ""
        assert ran.err.startswith(f"lunar-studio {arguments[0]}: ")
        assert len(ran.err.strip().splitlines()) == 2, "a sentence, and a hint"


# ---- the window ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ([], (None, None)),
        (["gui"], (None, None)),
        (["--model", "m"], (Path("m"), None)),
        (["gui", "--project", "p", "--model", "m"], (Path("m"), Path("p"))),
    ],
)
def test_the_window_opens_on_what_was_asked_for(arguments: list[str], asked: tuple[Path | None, Path | None]) -> None:
    opened: list[tuple[Path | None, Path | None]] = []

    def open_window(model: Path | None, project: Path | None) -> int:
        opened.append((model, project))
        return 7

    assert main(arguments, open_window=open_window) == 7
    assert opened == [asked]


def test_a_window_that_cannot_open_says_so(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def open_window(model: Path | None, project: Path | None) -> int:
        raise LunarError(f"There is no screen for {model} and {project}.", hint="Plug one in.")

    assert main(["gui"], open_window=open_window) == 1
    assert "Plug one in." in capsys.readouterr().err
    assert run("gui").status == 1


# ---- start ---------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from lunar_studio.cli import main; main(['--help']);"
        "print(sorted({'torch', 'PySide6', 'PIL', 'numpy'} & set(sys.modules)))"
    )
    assert python("-c", script).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", ["dataset check", "export --format sheet --out"])
def test_commands_without_a_model_leave_torch_alone(art: Path, tmp_path: Path, arguments: str) -> None:
    script = (
        "import sys; from lunar_studio.cli import main; status = main(sys.argv[1:]);"
        "sys.exit(status or 10 * ('torch' in sys.modules))"
    )
    out = [tmp_path / "x.png"] if arguments.endswith("--out") else []
    assert python("-c", script, *arguments.split(), *out, art).returncode == 0


# ---- as a process --------------------------------------------------------------------------------


def test_the_module_runs_and_exits_with_the_status(model: Path, tmp_path: Path) -> None:
    told = studio("info", model, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["name"] == "Tiny dungeon"
    assert told.stderr == ""
    failed = studio("info", tmp_path / "nowhere")
    assert failed.returncode == 1
    assert failed.stderr.startswith("lunar-studio info: There is no model file")
    assert studio("inf").returncode == 2


def test_a_reader_that_has_read_enough_is_no_failure(art: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lunar_studio", "dataset", "check", str(art), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    script = (
        "import sys, time; from lunar_studio.cli import main; import lunar_studio.data.importing as importing;"
        "importing.check = lambda *a, **k: (print('ready', flush=True), time.sleep(3600));"
        "sys.exit(main(['dataset', 'check', 'art']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert err == "lunar-studio dataset: stopped.\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_show_a_letter_gets_an_escape(encoding: str) -> None:
    ran = studio("dataset", "check", "nowhere", encoding=encoding)
    assert ran.returncode == 1
    assert ran.stderr.startswith("lunar-studio dataset: \\u201cnowhere\\u201d is not there")


def test_parser_knows_every_command() -> None:
    assert build_parser().parse_args(["info"]).command == "info"
