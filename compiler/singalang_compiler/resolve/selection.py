"""Which layers a selector of an `on` rule means. Knows names and edges, and nothing of what a rule sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from singalang_compiler.graph import Node
from singalang_grammar.literals import text_of
from singalang_grammar.tree import GlobSelector, KindSelector, NameSelector, RangeSelector, Selector


@dataclass(frozen=True, slots=True)
class LayerNames:
    """All names by which a selector may mean a layer: its own, those of bindings that hold it, and the groups around it."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """How a selector means a layer: `exactly` where it named this layer or its kind, so that it must have what is set."""

    exactly: bool


def match(selector: Selector, layer: LayerNames, ranged: frozenset[str]) -> Match | None:
    """Whether a selector means a layer; `ranged` are the layers that a range stands for."""
    match selector:
        case KindSelector(kind=None):
            return Match(False)
        case KindSelector(kind=kind):
            assert kind is not None
            return Match(True) if kind.text == layer.kind else Match(False) if kind.text in layer.blocks else None
        case NameSelector(path=path):
            name = path.text
            if name == layer.name or name in layer.aliases:
                return Match(True)
            return Match(False) if name in layer.groups else None
        case GlobSelector(pattern=pattern):
            wanted = _pattern(text_of(pattern.raw))
            names = (layer.name, *layer.aliases, *layer.groups)
            return Match(False) if any(wanted.fullmatch(name) for name in names) else None
        case RangeSelector():
            return Match(False) if layer.name in ranged else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(translate(text))


def written(selector: Selector) -> str:
    """A selector as the user wrote it, on one line."""
    return " ".join(selector.span.text.split())


def named(name: str, layers: Iterable[LayerNames]) -> frozenset[str]:
    """The layers that a name stands for."""
    return frozenset(layer.name for layer in layers if name == layer.name or name in layer.aliases or name in layer.groups)


def between(first: frozenset[str], last: frozenset[str], nodes: Mapping[str, Node]) -> frozenset[str]:
    """The layers on a path from one of the first to one of the last, all of them included; empty where there is no path."""
    consumers: dict[str, list[str]] = {}
    for node in nodes.values():
        for source in node.inputs:
            consumers.setdefault(source, []).append(node.name)
    down = _reached(first, consumers)
    up = _reached(last, {name: list(node.inputs) for name, node in nodes.items()})
    found = down & up
    return frozenset(found) if found & first and found & last else frozenset()


def _reached(start: frozenset[str], edges: Mapping[str, list[str]]) -> set[str]:
    found = set(start)
    waiting = sorted(start)
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
