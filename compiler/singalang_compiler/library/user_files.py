"""Kinds in a user's Python file: read from its text without running it, and run when a program is compiled.

The text alone gives the schema (name, attributes, constants, documentation), so that checking and compiling see the same.
"""

from __future__ import annotations

import ast
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from singalang_compiler.library.attributes import AnnotationError, parse_annotation
from singalang_compiler.library.kinds import DECORATORS, MISSING, Attribute, Kind, base_constants, base_defaults
from singalang_grammar.source import Source


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a user's file, for a label; `line` is counted from 1."""

    line: int
    reason: str
    hint: str | None = None


class _Unreadable(Exception):
    def __init__(self, node: ast.AST, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.fault = Fault(getattr(node, "lineno", 1), reason, hint)


def read_kinds(source: Source, origin: str) -> tuple[Kind, ...] | Fault:
    """The kinds that a file declares, in order, from its text alone; or the first thing that cannot be read."""
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        return Fault(getattr(fault, "lineno", None) or 1, "this is not Python", str(getattr(fault, "msg", "")) or None)
    try:
        return tuple(_kind(node, mark, origin) for node in tree.body if isinstance(node, ast.ClassDef) for mark in _marks(node))
    except _Unreadable as fault:
        return fault.fault


def run_kinds(source: Source, kinds: tuple[Kind, ...]) -> tuple[Kind, ...] | Fault:
    """The same kinds with their classes: runs the file, as an import would. What it prints or does is the user's own."""
    name = f"singalang_user_{Path(source.path).stem}"
    module = ModuleType(name)
    module.__file__ = source.path
    try:
        with _folder_on_path(Path(source.path).parent):
            sys.modules[name] = module
            exec(compile(source.text, source.path, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as fault:
        return Fault(_line_of(fault, source.path), f"{type(fault).__name__}: {fault}".rstrip(": "))
    found = {value.__dict__["_singa_kind"]: value for value in vars(module).values() if _is_kind(value)}
    for kind in kinds:
        if (kind.family, kind.name) not in found:
            return Fault(1, f"after running it, no class is marked as `{kind.name}`")
    return tuple(replace(kind, cls=found[kind.family, kind.name]) for kind in kinds)


def _is_kind(value: object) -> bool:
    return isinstance(value, type) and "_singa_kind" in value.__dict__


@contextmanager
def _folder_on_path(folder: Path) -> Iterator[None]:
    """The file's own folder first, as for a script, so that it can import its neighbours."""
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before


def _line_of(fault: BaseException, path: str) -> int:
    lines = [frame.lineno for frame in traceback.extract_tb(fault.__traceback__) if frame.filename == path]
    if isinstance(fault, SyntaxError) and fault.filename == path:
        lines.append(fault.lineno)
    return (lines[-1] if lines else 1) or 1


def _marks(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """(family, name) of the decorator that makes a class a kind."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        function = decorator.func
        word = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
        if word not in DECORATORS:
            continue
        if len(decorator.args) != 1 or not isinstance(decorator.args[0], ast.Constant):
            raise _Unreadable(decorator, f"`@{word}` needs the name of the kind", f'write `@{word}("name")`')
        name = decorator.args[0].value
        if not isinstance(name, str) or not name.isidentifier():
            raise _Unreadable(decorator, "the name of a kind is a string with one word")
        yield DECORATORS[word], name
        return


def _kind(node: ast.ClassDef, mark: tuple[str, str], origin: str) -> Kind:
    family, name = mark
    known = base_constants(family)
    constants: dict[str, Any] = base_defaults(family)
    attributes: list[Attribute] = []
    for item in node.body:
        match item:
            case ast.AnnAssign(target=ast.Name(id=field), annotation=annotation, value=value):
                if "ClassVar" in ast.unparse(annotation) or field in known:
                    constants |= {field: _literal(value, item)} if field in known and value else {}
                else:
                    attributes.append(_attribute(field, annotation, value))
            case ast.Assign(targets=[ast.Name(id=field)], value=value) if field in known:
                constants[field] = _literal(value, item)
    return Kind(family, name, tuple(attributes), constants, (ast.get_docstring(node) or "").strip(), None, origin)


def _attribute(name: str, annotation: ast.expr, value: ast.expr | None) -> Attribute:
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    try:
        wanted = parse_annotation(str(text))
    except AnnotationError as fault:
        raise _Unreadable(annotation, str(fault), "an attribute is `int`, `float | None`, `Literal[...]` or the like") from fault
    return Attribute(name, wanted, MISSING if value is None else _literal(value, value))


def _literal(value: ast.expr | None, node: ast.AST) -> Any:
    try:
        return ast.literal_eval(value) if value is not None else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise _Unreadable(node, "this is not a literal", "defaults and class constants are numbers, strings or tuples") from None
