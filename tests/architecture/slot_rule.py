"""Which receivers a worker's signal may have, read from syntax trees (docs/architecture.md, Threads).

A signal that a worker emits reaches a `@Slot` method of a QObject in that object's own thread. It
reaches a lambda, a partial, a plain function or an undecorated method in the *worker's* thread,
where touching a widget crashes now and then. So whatever is connected to a signal declared in
`workers` must be a method; if we wrote it, it must be decorated.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.source import dotted, shown, tree

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Names:
    """What the package defines, by bare name.

    Attributes:
        signals: Of every class.
        worker_signals: Of classes in `workers`.
        plain_methods: Methods that are defined, and decorated with `@Slot` in no class.
    """

    signals: set[str] = field(default_factory=set)
    worker_signals: set[str] = field(default_factory=set)
    plain_methods: set[str] = field(default_factory=set)


def is_slot(function: Function) -> bool:
    """Whether a method is decorated with `@Slot(...)`."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if dotted(called).rpartition(".")[2] == "Slot":
            return True
    return False


def gather(paths: list[Path]) -> Names:
    """Collect the names that the rule needs from the package's files."""
    names = Names()
    slots: set[str] = set()
    for path in paths:
        for cls in (node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)):
            for item in cls.body:
                if isinstance(item, ast.Assign) and isinstance(item.value, ast.Call):
                    if dotted(item.value.func).rpartition(".")[2] == "Signal":
                        found = {target.id for target in item.targets if isinstance(target, ast.Name)}
                        names.signals |= found
                        if "workers" in path.parts:
                            names.worker_signals |= found
                elif isinstance(item, Function):
                    (slots if is_slot(item) else names.plain_methods).add(item.name)
    names.plain_methods -= slots
    return names


def complaints(path: Path, names: Names) -> list[str]:
    """Connections in a file that the rule refuses, one line each."""
    reader = _Reader(path, names)
    reader.visit(tree(path))
    return reader.found


class _Reader(ast.NodeVisitor):
    """Walks a file, knowing in which class and function it is."""

    def __init__(self, path: Path, names: Names) -> None:
        self.path = path
        self.names = names
        self.found: list[str] = []
        self.classes: list[ast.ClassDef] = []
        self.functions: list[Function] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.classes.append(node)
        self.generic_visit(node)
        self.classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node)
        self.generic_visit(node)
        self.functions.pop()

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "connect" and node.args):
            return
        signal = dotted(node.func.value).rpartition(".")[2]
        if signal in self.names.worker_signals or "workers" in self.path.parts:
            self._judge(signal, node.args[0], node.lineno)

    def _judge(self, signal: str, receiver: ast.expr, line: int) -> None:
        if isinstance(receiver, ast.Attribute):
            reason = self._fault_of_method(receiver)
        elif isinstance(receiver, ast.Name) and self._position_of_parameter(receiver.id) is not None:
            self._judge_what_callers_pass(signal, receiver.id)
            return
        else:
            reason = "is not a method"
        if reason:
            self.found.append(f"{shown(self.path)}:{line}: {signal} -> {ast.unparse(receiver)} {reason}")

    def _fault_of_method(self, receiver: ast.Attribute) -> str:
        name = receiver.attr
        if name in self.names.signals:
            return ""  # from signal to signal: Qt's own
        if dotted(receiver.value) == "self" and self.classes:
            own = [item for item in self.classes[-1].body if isinstance(item, Function) and item.name == name]
            if own:
                return "" if is_slot(own[0]) else "is not decorated with @Slot"
        # A name that none of our classes define is a slot that Qt itself brings, as setDisabled.
        return "is decorated with @Slot nowhere" if name in self.names.plain_methods else ""

    def _position_of_parameter(self, name: str) -> int | None:
        if not self.functions:
            return None
        arguments = self.functions[-1].args
        everything = [a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
        return everything.index(name) if name in everything else None

    def _judge_what_callers_pass(self, signal: str, parameter: str) -> None:
        """A receiver handed in as an argument: the callers, in this file, are judged instead."""
        function, position = self.functions[-1], self._position_of_parameter(parameter)
        assert position is not None
        skipped = 1 if function.args.args and function.args.args[0].arg == "self" else 0
        passed = 0
        for call in (node for node in ast.walk(tree(self.path)) if isinstance(node, ast.Call)):
            if dotted(call.func).rpartition(".")[2] != function.name:
                continue
            given = [k.value for k in call.keywords if k.arg == parameter] or call.args[position - skipped :][:1]
            for receiver in given:
                passed += 1
                self._judge(signal, receiver, call.lineno)
        if not passed:
            self.found.append(f"{shown(self.path)}:{function.lineno}: nobody in this file passes `{parameter}`")
