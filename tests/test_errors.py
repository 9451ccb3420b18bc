"""The error tree: one root, a message and a hint each, documented in one place."""

import inspect

import pytest

from lunar_studio import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.LunarError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_happened_and_what_to_do(kind: type[errors.LunarError]) -> None:
    error = kind("The folder is empty.", hint="Choose one with PNG files.")
    assert error.message == "The folder is empty."
    assert error.hint == "Choose one with PNG files."
    assert str(error) == "The folder is empty.\nChoose one with PNG files."


@pytest.mark.parametrize("kind", KINDS)
def test_a_hint_is_not_optional(kind: type[errors.LunarError]) -> None:
    with pytest.raises(TypeError):
        kind("The folder is empty.")  # type: ignore[call-arg]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if line.strip() and "    " in line]
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in lines:
        indent, name = len(line) - len(line.lstrip()), line.split()[0].split("(")[0]
        if name == "..." or not hasattr(errors, name):
            continue
        above = [(depth, parent) for depth, parent in above if depth < indent]
        if above:
            drawn[name] = above[-1][1]
        above.append((indent, name))
    real = {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS if kind is not errors.LunarError}
    assert drawn == real
