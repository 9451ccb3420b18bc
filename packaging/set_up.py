"""Sets a fresh clone up: `python3 packaging/set_up.py run` (or `test`), which `make` does for you.

Makes `.venv`, installs the pinned versions into it, and sees to Qt's system libraries: as root on
Debian it installs them, otherwise it prints the line to type. Needs nothing but Python's standard
library. A stamp keyed by what was installed makes every later call return at once, so this file
imports heavier modules only where they are used.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would triple the start
OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
PURPOSES = ("run", "test")
INPUTS = (
    "pyproject.toml",
    "packaging/constraints.txt",
    "packaging/debian-packages.txt",
    "packaging/set_up.py",
)


class SetUpError(Exception):
    """Set-up cannot go on; the message says what to type."""


class SystemPackage(NamedTuple):
    """A line of debian-packages.txt.

    Attributes:
        purpose: `run` or `test`.
        name: Debian's name.
        evidence: A library's name, a program or a path that shows it is installed.
    """

    purpose: str
    name: str
    evidence: str


# ---- the stamp -------------------------------------------------------------------------------------


def fingerprint(root: str, purpose: str) -> str:
    """What a finished set-up depends on, as a hash: the files it reads, where it stands, what for."""
    from hashlib import blake2b

    digest = blake2b(f"{root}\0{purpose}\0".encode(), digest_size=16)
    for name in INPUTS:
        with open(f"{root}/{name}", "rb") as file:  # noqa: PTH123
            digest.update(file.read())
    return digest.hexdigest()


def stamp_path(root: str, purpose: str) -> str:
    """Where the hash of the last finished set-up is kept."""
    return f"{root}/.venv/set-up-for-{purpose}"


def is_done(root: str, purpose: str) -> bool:
    """Whether set-up has nothing to do."""
    try:
        with open(stamp_path(root, purpose)) as file:  # noqa: PTH123
            done = file.read().strip()
    except OSError:
        return False
    # X_OK follows the link: a Python that was upgraded away is noticed.
    return done == fingerprint(root, purpose) and os.access(venv_python(root), os.X_OK)


def write_stamp(root: str, purpose: str) -> None:
    """Note that set-up is finished; setting up for tests includes running."""
    for name in PURPOSES[: PURPOSES.index(purpose) + 1]:
        with open(stamp_path(root, name), "w") as file:  # noqa: PTH123
            file.write(fingerprint(root, name) + "\n")


def venv_python(root: str) -> str:
    """The environment's Python."""
    return f"{root}/.venv/bin/python"


# ---- what the system lacks -------------------------------------------------------------------------


def read_packages(text: str, purpose: str) -> list[SystemPackage]:
    """The packages that `purpose` needs, in the order of the file.

    Raises:
        ValueError: A line is not of the form `purpose name evidence`.
    """
    wanted = PURPOSES[: PURPOSES.index(purpose) + 1]
    packages = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 3 or words[0] not in PURPOSES:
            raise ValueError(f"debian-packages.txt: not `purpose name evidence`: {line!r}")
        if words[0] in wanted:
            packages.append(SystemPackage(*words))
    return packages


def missing_packages(
    packages: Sequence[SystemPackage], *, libraries: str | None, which: Callable[[str], object]
) -> list[str]:
    """Names of the packages whose evidence is not found.

    Args:
        packages: What is needed.
        libraries: Output of `ldconfig -p`; without it libraries are taken to be there, for no
            other check is as cheap and Qt says clearly what it misses.
        which: Finds a program, as `shutil.which`.
    """
    missing = []
    for package in packages:
        evidence = package.evidence
        if evidence.startswith("/"):
            found = os.path.exists(evidence)  # noqa: PTH110
        elif ".so" in evidence:
            found = libraries is None or f"\t{evidence} " in libraries
        else:
            found = bool(which(evidence))
        if not found:
            missing.append(package.name)
    return missing


def shared_libraries() -> str | None:
    """Output of `ldconfig -p`, or None where there is none."""
    import shutil
    import subprocess

    program = shutil.which("ldconfig", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        return None
    result = subprocess.run([program, "-p"], capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None


def apt_line(names: Sequence[str]) -> str:
    """What to type to install packages."""
    return "sudo apt-get install --no-install-recommends " + " ".join(names)


def has_display(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether a window can be opened: always outside of Linux, else where X or Wayland is named."""
    if not platform.startswith("linux"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def provide_packages(names: Sequence[str]) -> bool:
    """Install Debian packages as root; otherwise print the line to type. Returns whether they are there now.

    Raises:
        SetUpError: apt-get failed.
    """
    import shutil
    import subprocess

    if not names:
        return True
    apt = shutil.which("apt-get")
    if apt is None:
        say("Missing on this system (by their names in Debian): " + " ".join(names))
        return False
    if os.geteuid() != 0:
        say("Some system packages are missing. Please type:\n\n    " + apt_line(names) + "\n")
        return False
    say("Installing system packages: " + " ".join(names))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = [apt, "install", "-y", "-qq", "--no-install-recommends", *names]
    # A bare system has no package lists yet, and old ones name files that are gone.
    for command in ([apt, "update", "-qq"], install):
        result = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if result.returncode != 0:
            say(result.stdout)
            raise SetUpError("apt-get failed. Please type:\n\n    " + apt_line(names))
    return True


# ---- the environment -------------------------------------------------------------------------------


def find_python() -> str:
    """A Python that is new enough: the one that runs this, else one on the path.

    Raises:
        SetUpError: There is none.
    """
    import shutil

    if sys.version_info >= OLDEST_PYTHON:
        return sys.executable
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found:
            return found
    wanted = ".".join(map(str, OLDEST_PYTHON))
    raise SetUpError(f"This is Python {sys.version.split()[0]}; the studio needs {wanted} or newer. Please install it.")


def can_make_venv(python: str) -> bool:
    """Whether this Python has `venv` and `ensurepip`; Debian packs them apart."""
    import subprocess

    return subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0


def venv_package(python: str) -> str:
    """Debian's package with the `venv` of this Python, e.g. `python3.11-venv`."""
    import subprocess

    code = "import sys; print('python%d.%d-venv' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def make_environment(root: str, python: str) -> None:
    """Make `.venv` if it is missing or broken.

    Raises:
        SetUpError: Python could not make it.
    """
    import subprocess

    existing = venv_python(root)
    if os.access(existing, os.X_OK):
        pip = [existing, "-m", "pip", "--version"]
        if subprocess.run(pip, capture_output=True, check=False).returncode == 0:
            return
    say("Making .venv")
    if subprocess.run([python, "-m", "venv", "--clear", f"{root}/.venv"], check=False).returncode != 0:
        raise SetUpError(f"{python} could not make .venv; the lines above say why.")


def install(root: str, purpose: str) -> None:
    """Install the pinned versions and the studio itself, which then runs from the checkout.

    Raises:
        SetUpError: pip failed.
    """
    import subprocess

    say("Installing torch, Qt and the rest into .venv; this takes some minutes the first time")
    noise = [] if sys.stdout.isatty() else ["--quiet"]
    pip = [venv_python(root), "-m", "pip", "--disable-pip-version-check", "--no-input", *noise, "install"]
    pinned = ["--constraint", "packaging/constraints.txt"]
    # The build backend is installed first, at its pinned version: an isolated build would fetch another.
    studio = ["--no-build-isolation", "--editable", ".[test]" if purpose == "test" else "."]
    for what in (["hatchling", "editables"], studio):
        if subprocess.run([*pip, *pinned, *what], cwd=root, check=False).returncode != 0:
            raise SetUpError("pip failed; the lines above say why. Is this machine online? Then run the command again.")
    # Else the first start compiles every module of ours, and each one does where Python may not keep what it compiled.
    subprocess.run([venv_python(root), "-m", "compileall", "-q", "lunar_studio"], cwd=root, check=False)


def set_up(root: str, purpose: str) -> None:
    """Do whatever is missing.

    Raises:
        SetUpError: It cannot go on; the message says what to do.
    """
    import shutil
    import time

    started = time.monotonic()
    python = find_python()
    with open(f"{root}/packaging/debian-packages.txt") as file:  # noqa: PTH123
        packages = read_packages(file.read(), purpose)
    on_linux = sys.platform.startswith("linux")
    lacking = missing_packages(packages, libraries=shared_libraries(), which=shutil.which) if on_linux else []
    has_venv = can_make_venv(python)
    is_complete = provide_packages([*lacking, *([] if has_venv else [venv_package(python)])])
    if not has_venv and not can_make_venv(python):
        raise SetUpError(f"{python} has no venv module; the line above brings it.")
    if not is_complete and (purpose == "test" or has_display(sys.platform, os.environ)):
        raise SetUpError("Then run the command again.")
    make_environment(root, python)
    install(root, purpose)
    if is_complete:  # otherwise the next run asks again
        write_stamp(root, purpose)
    say(f"Set up in {time.monotonic() - started:.0f} s")


def say(text: str) -> None:
    """Tell the user, at once even through a pipe."""
    print(text, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Set up for one purpose; 0 when there is nothing left to do, 1 with a message, 2 on wrong usage."""
    if len(arguments) != 1 or arguments[0] not in PURPOSES:
        say("usage: python3 packaging/set_up.py run|test")
        return 2
    if is_done(ROOT, arguments[0]):
        return 0
    try:
        set_up(ROOT, arguments[0])
    except SetUpError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
