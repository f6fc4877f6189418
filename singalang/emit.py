"""Text forms of what stands between the stages, for `singac --emit`: readable, stable, without places in the source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from singalang.emit_cut import cut_lines
from singalang_compiler.graph import LayerGraph
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.plan_group import Record
from singalang_grammar.source import Source, Span, Spanned
from singalang_grammar.tree import Program

_INDENT = "  "
_LEFT_OUT = (Source, Span, Kind, Partitioned, CutSection)
"""What stands between other stages, and what says where something stands."""


def printed(value: Any) -> str:
    """The value as indented text, one field a line."""
    if isinstance(value, Source):
        return value.text
    plan = getattr(value, "plan", None)
    if plan is not None:
        from singalang_compiler.plan import to_bytes

        return to_bytes(plan).decode()
    if isinstance(value, Partitioned):
        return "\n".join(cut_lines(value)) + "\n"
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, before: str) -> Iterator[str]:
    """Lines of a value; `before` stands before its first word, indented as deep as the rest shall be."""
    depth = len(before) - len(before.lstrip(" "))
    deeper = " " * depth + (_INDENT if before.strip() else "")
    match value:
        case LayerGraph():
            yield from _listed(value.in_order, before, deeper)
        case Configured():
            yield before + _configured(value)
        case Program():
            yield from _listed(value.items, before, deeper)
        case Mapping():
            yield from _mapped(value.items(), before, deeper)
        case tuple() | list() if value and not all(_is_plain(item) for item in value):
            yield from _listed(value, before, deeper)
        case Spanned():
            yield from _mapped([pair for pair in value.said() if not _is_empty(pair[1])], before + type(value).__name__, deeper)
        case Record() if not any(_has_records(getattr(value, name)) for name in value.__struct_fields__):
            yield before + _record(value)
        case Record():
            told = [(name, getattr(value, name)) for name in value.__struct_fields__]
            yield from _mapped([pair for pair in told if not _is_empty(pair[1])], before + type(value).__name__, deeper)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr]
            told = [(name, item) for name, item in fields if not isinstance(item, _LEFT_OUT) and not _is_empty(item)]
            yield from _mapped(told, before + type(value).__name__, deeper)
        case _:
            yield before + _plain(value)


def _mapped(items: Any, before: str, deeper: str) -> Iterator[str]:
    if before.strip():
        yield before.rstrip()
    for name, item in items:
        yield from _lines(item, f"{deeper}{name}: ")


def _listed(items: Any, before: str, deeper: str) -> Iterator[str]:
    if before.strip():
        yield before.rstrip()
    for item in items:
        yield from _lines(item, f"{deeper}- ")


def _configured(value: Configured) -> str:
    inside = ", ".join(f"{name} = {_plain(item)}" for name, item in value.attributes.items())
    return f"{value.name}({inside})"


def _record(value: Record) -> str:
    """A record of the plan on one line, without what it leaves at its default."""
    told = [(field.name, getattr(value, field.name), field.default) for field in msgspec.structs.fields(value)]
    inside = ", ".join(f"{name} = {_plain(item)}" for name, item, default in told if item != default)
    return f"{value.__struct_config__.tag or type(value).__name__}({inside})"


def _has_records(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, Record) for item in value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, tuple | list | Mapping) and not value)


def _plain(value: Any) -> str:
    match value:
        case Configured():
            return _configured(value)
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case frozenset():
            return "{" + ", ".join(sorted(str(item) for item in value)) + "}"
        case tuple() | list():
            return "[" + ", ".join(_plain(item) for item in value) + "]"
        case _:
            return str(value)
