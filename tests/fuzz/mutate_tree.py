"""Tree mutations: one thing of known meaning is changed, and the text still parses. Says where the change is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from singalang_grammar.parse.parser import parse
from singalang_grammar.source import Source, Span, Spanned
from singalang_grammar.tree import Ident, Name, Number, Program
from tests.fuzz.mutant import Mutant

_UNITS = ("k", "M", "G", "KiB", "MiB", "GiB", "us", "ms", "s", "min", "h", "Mbps", "Gbps", "kb", "sec", "x")
_UNIT = re.compile(r"[A-Za-z]+$")


@dataclass(frozen=True, slots=True)
class Places:
    """What can be mutated in a program: names, numbers, and runs of things whose order can be changed."""

    names: tuple[Span, ...]
    numbers: tuple[Span, ...]
    orders: tuple[tuple[Span, ...], ...]


def tree_mutant(programs: Mapping[str, str], rng: Random) -> Mutant:
    """One change of one of the programs."""
    while True:
        origin = rng.choice(sorted(programs))
        change = rng.choice(CHANGES)
        mutant = change(origin, programs[origin], _places(programs[origin]), rng)
        if mutant and mutant.text != programs[origin]:
            return mutant


def swap_name(origin: str, text: str, places: Places, rng: Random) -> Mutant:
    """A name becomes another name of the program."""
    return _replaced(origin, "swap_name", rng.choice(places.names), rng.choice(places.names).text)


def misspell_name(origin: str, text: str, places: Places, rng: Random) -> Mutant:
    """Two letters of a name change places, one is lost, or one comes twice."""
    span = rng.choice(places.names)
    name = span.text
    at = rng.randrange(len(name))
    options = [name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :], name[: at + 1] + name[at:], name + "s"]
    if len(name) > 1 and name[:at] + name[at + 1 :]:
        options.append(name[:at] + name[at + 1 :])
    wrong = rng.choice(options)
    return _replaced(origin, "misspell_name", span, wrong if wrong.isidentifier() else name + "s")


def change_number(origin: str, text: str, places: Places, rng: Random) -> Mutant | None:
    """A number becomes nought, negative, a fraction, very large, or its neighbour."""
    if not places.numbers:
        return None
    span = rng.choice(places.numbers)
    digits = _UNIT.sub("", span.text).rstrip(".")
    whole = int(float(digits.replace("_", "")))
    new = rng.choice(
        ("0", "-1", "-" + span.text, "2.5", "1e30", "99999999999", "1000000", str(whole + 1), str(whole * 2), "1e-9", "7")
    )
    return _replaced(origin, "change_number", span, f"({new})" if new.startswith("-") and rng.random() < 0.2 else new)


def change_unit(origin: str, text: str, places: Places, rng: Random) -> Mutant | None:
    """A number gets a unit, another, or none."""
    if not places.numbers:
        return None
    span = rng.choice(places.numbers)
    return _replaced(origin, "change_unit", span, _UNIT.sub("", span.text) + rng.choice(("", *_UNITS)))


def swap_order(origin: str, text: str, places: Places, rng: Random) -> Mutant | None:
    """Two neighbours of a body, a chain, a list or an argument list change places."""
    if not places.orders:
        return None
    run = rng.choice(places.orders)
    at = rng.randrange(len(run) - 1)
    first, second = run[at], run[at + 1]
    between = text[first.end : second.start]
    new = text[: first.start] + second.text + between + first.text + text[second.end :]
    split = first.start + len(second.text)
    return Mutant(origin, "swap_order", new, ((first.start, split), (second.end - len(first.text), second.end)))


CHANGES: tuple[Callable[[str, str, Places, Random], Mutant | None], ...] = (
    swap_name,
    misspell_name,
    change_number,
    change_unit,
    swap_order,
)


def _replaced(origin: str, change: str, span: Span, new: str) -> Mutant:
    text = span.source.text
    return Mutant(origin, change, text[: span.start] + new + text[span.end :], ((span.start, span.start + len(new)),))


@cache
def _places(text: str) -> Places:
    outcome = parse(Source("program.singa", text))
    program = outcome.value
    assert isinstance(program, Program), "an example parses"
    assert not outcome.diagnostics, "an example parses without a word"
    nodes = list(_nodes(program))
    return Places(
        names=tuple(node.span for node in nodes if isinstance(node, Ident | Name)),
        numbers=tuple(node.span for node in nodes if isinstance(node, Number)),
        orders=tuple(run for node in nodes for run in _runs(node)),
    )


def _nodes(node: Any) -> Iterator[Any]:
    """This node and all below it, in the order of the text."""
    yield node
    for below in _below(node):
        yield from _nodes(below)


def _below(node: Any) -> Iterator[Any]:
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if name in ("span", "operator_span", "source", "comments", "broken"):
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Spanned):
                yield item


def _runs(node: Any) -> Iterator[tuple[Span, ...]]:
    """The spans of each list of at least two things right below a node."""
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if name not in ("comments", "broken", "parts") and isinstance(value, tuple) and len(value) > 1:
            yield tuple(item.span for item in value)
