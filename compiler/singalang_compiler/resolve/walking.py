"""What can be read off syntax without evaluating it: the names in a statement, and the labels. Never recursive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from singalang_grammar.source import Spanned
from singalang_grammar.tree import (
    Comprehension,
    Flow,
    ForStage,
    Ident,
    IfStage,
    LayerStage,
    Name,
    NameSelector,
    RangeSelector,
    WhenStage,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Names used in a statement, and the labels in it: those that stand once, and those that a loop numbers."""

    names: frozenset[str]
    labels: tuple[Ident, ...]
    loop_labels: tuple[Ident, ...]


def look_into(item: object) -> Seen:
    """The names and labels of a statement."""
    names: set[str] = set()
    labels: list[Ident] = []
    loop_labels: list[Ident] = []
    for node, looped in _nodes(item):
        if isinstance(node, Name):
            names.add(node.text)
        elif isinstance(node, Flow):
            names.add(node.head.parts[0].text)
        elif isinstance(node, LayerStage | ForStage | IfStage | WhenStage) and node.label is not None:
            (loop_labels if looped else labels).append(node.label)
    return Seen(frozenset(names), tuple(labels), tuple(loop_labels))


def words_used(items: tuple[object, ...]) -> set[str]:
    """Every name that items use, in whatever role: values, layers, blocks, heads of chains and selectors."""
    found: set[str] = set()
    for node, _ in _nodes(items):
        if isinstance(node, Name):
            found.add(node.text)
        elif isinstance(node, Flow):
            found.add(node.head.parts[0].text)
        elif isinstance(node, LayerStage):
            found.add(node.kind.parts[0].text)
        elif isinstance(node, NameSelector):
            found.add(node.path.parts[0].text)
        elif isinstance(node, RangeSelector):
            found |= {node.first.parts[0].text, node.last.parts[0].text}
    return found


def _nodes(item: object) -> Iterator[tuple[object, bool]]:
    """Every node under an item, and whether it is repeated; in text order as far as that is cheap."""
    waiting: list[tuple[object, bool]] = [(item, False)]
    while waiting:
        node, looped = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend((part, looped) for part in reversed(node))
            continue
        if not isinstance(node, Spanned):
            continue
        yield node, looped
        inside = looped or isinstance(node, ForStage | Comprehension)
        for name in reversed(node.__struct_fields__):
            part = getattr(node, name)
            if isinstance(part, Spanned | tuple):
                waiting.append((part, inside if name in ("stages", "value") else looped))
