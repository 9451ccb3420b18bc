"""Rules that hold for every line: no code from files, few broad excepts, docstrings, names, sizes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, calls, dotted, keyword, package_files, shown, tree

FORBIDDEN_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
BROAD_EXCEPT_FILES = {
    "lunar_studio/workers/thread_host.py": 1,
    "lunar_studio/gui/action_runner.py": 1,
    "lunar_studio/gui/crash.py": 1,
    "lunar_studio/models/straight.py": 1,
}
MEANINGLESS_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 80
# Spelled in two halves, for this file must not name them either.
HOSTS = ["".join(halves) for halves in [
    ("py", "pi.org"), ("python", "hosted.org"), ("pytorch", ".org/whl"), ("deb.", "debian.org"), ("npm", "js.org"),
    ("hugging", "face.co"),
]]  # fmt: skip
NOT_OURS = {"__pycache__", "out", "runs", "build", "dist"}
MACHINE_PATHS = [f"/work/{folder}" for folder in ("main", "shared", ".library")]


def offences(found: list[tuple[Path, int, str]]) -> str:
    return "\n".join(f"{shown(path)}:{line}: {text}" for path, line, text in found)


def code_from_files(module: ast.AST) -> list[tuple[int, str]]:
    """Whatever could run code out of data: line and reason."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name) for a in node.names if a.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN_MODULES:
            found.append((node.lineno, str(node.module)))
    for call in calls(module):
        name = dotted(call.func)
        method = name.rpartition(".")[2]
        if name in FORBIDDEN_CALLS or method == "extractall":
            found.append((call.lineno, name))
        if name == "torch.load":
            safe = keyword(call, "weights_only")
            if not (isinstance(safe, ast.Constant) and safe.value is True):
                found.append((call.lineno, "torch.load without weights_only=True"))
        allowed = keyword(call, "allow_pickle")
        if allowed is not None and not (isinstance(allowed, ast.Constant) and allowed.value is False):
            found.append((call.lineno, "allow_pickle"))
    return found


def test_no_file_can_run_code() -> None:
    found = [(path, line, text) for path in package_files() for line, text in code_from_files(tree(path))]
    assert not found, offences(found)


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from yaml import load",
        "eval('1')",
        "exec(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "numpy.load(path, allow_pickle=True)",
        "archive.extractall(folder)",
    ],
)
def test_the_rule_sees(code: str) -> None:
    assert code_from_files(ast.parse(code))


@pytest.mark.parametrize(
    "code", ["model.eval()", "models[0].eval()", "re.compile('a')", "torch.load(p, weights_only=True)", "json.load(f)"]
)
def test_the_rule_lets_pass(code: str) -> None:
    assert not code_from_files(ast.parse(code))


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it swallows everything; one that only tidies up and raises again does not."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {dotted(kind) if kind is not None else "BaseException" for kind in kinds}
    raises_again = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    return bool(names & {"Exception", "BaseException"}) and not raises_again


def test_broad_excepts_are_in_four_places_only() -> None:
    for path in package_files():
        lines = [n.lineno for n in ast.walk(tree(path)) if isinstance(n, ast.ExceptHandler) and is_broad(n)]
        assert len(lines) <= BROAD_EXCEPT_FILES.get(shown(path), 0), f"{shown(path)}: broad except at {lines}"


@pytest.mark.parametrize(
    ("code", "broad"),
    [
        ("except Exception: pass", True),
        ("except: pass", True),
        ("except (OSError, Exception): pass", True),
        ("except BaseException:\n    tidy()\n    raise", False),
        ("except OSError: pass", False),
    ],
)
def test_broad_is_told_from_narrow(code: str, broad: bool) -> None:
    (handler,) = [n for n in ast.walk(ast.parse(f"try: f()\n{code}")) if isinstance(n, ast.ExceptHandler)]
    assert is_broad(handler) is broad


def undocumented(module: ast.Module) -> list[tuple[int, str]]:
    """Public modules, classes and functions without a docstring; nested functions are private."""
    found = [] if ast.get_docstring(module) else [(1, "the module")]
    todo: list[ast.Module | ast.ClassDef] = [module]
    while todo:
        for node in todo.pop().body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                if not node.name.startswith("_") and not ast.get_docstring(node):
                    found.append((node.lineno, node.name))
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    todo.append(node)
    return found


def test_everything_public_has_a_docstring() -> None:
    found = [(path, line, name) for path in package_files() for line, name in undocumented(tree(path))]
    assert not found, offences(found)


def test_a_missing_docstring_is_seen() -> None:
    code = '"""M."""\nclass C:\n    """C."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\nclass _D: ...'
    assert [name for _, name in undocumented(ast.parse(code))] == ["h", "f"]


def test_modules_have_names_that_mean_something() -> None:
    found = [shown(path) for path in package_files() if set(path.stem.split("_")) & MEANINGLESS_NAMES]
    assert not found, found


def test_files_and_functions_can_be_read_in_one_go() -> None:
    found = []
    for path in package_files():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            found.append((path, lines, f"{lines} lines; {LONGEST_FILE} are enough"))
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    found.append((path, node.lineno, f"{node.name} has {length} lines"))
    assert not found, offences(found)


def our_files() -> Iterator[Path]:
    """Every file of the repository, found without git: what is hidden, made or installed is no file of ours."""
    todo = [ROOT]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            if path.name in NOT_OURS or (path.name.startswith(".") and path.name not in (".ci", ".gitignore")):
                continue
            if path.is_dir():
                todo.append(path)
            else:
                yield path


def test_no_file_names_a_registry_or_this_machine() -> None:
    pattern = re.compile("|".join(map(re.escape, HOSTS + MACHINE_PATHS)).encode())
    paths = list(our_files())
    assert {ROOT / "Makefile", ROOT / ".ci" / "run", Path(__file__)} <= set(paths)
    found = [
        f"{shown(path)}: {match.group().decode()}" for path in paths for match in pattern.finditer(path.read_bytes())
    ]
    assert not found, found
