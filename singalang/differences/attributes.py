"""Kinds and their attributes before and after, as a program would have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from singalang import words
from singalang_compiler.plan import KindRecord

_MISSING = object()


def kind_words(kind: str, attributes: Mapping[str, Any]) -> str:
    """A kind with its attributes: `dense(units = 10)`; those that are not given are left out."""
    return words.kind(KindRecord(kind=kind, attributes={name: one for name, one in attributes.items() if one is not None}))


def attribute_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """`units 128 -> 256` for each that differs."""
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, _MISSING), after.get(name, _MISSING)
        if old != new:
            yield f"{name} {change(old, new)}"


def kind_changes(label: str, before: KindRecord, after: KindRecord) -> Iterator[str]:
    """What is otherwise about a kind that stands at one place in a program."""
    if before.kind != after.kind:
        yield f"{label} {words.kind(before)} -> {words.kind(after)}".lstrip()
    else:
        yield from (f"{label} {text}".lstrip() for text in attribute_changes(before.attributes, after.attributes))


def change(old: Any, new: Any) -> str:
    """Two values that differ, so that one sees that they do."""
    one, other = _text(old), _text(new)
    return f"{one} -> {other}" if one != other else f"{old!r} -> {new!r}"


def _text(value: Any) -> str:
    return "not given" if value is _MISSING or value is None else words.value(value)
