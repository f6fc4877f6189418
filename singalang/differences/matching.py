"""Which layer of one net is which of another, though names move when layers come and go. Knows layers by what a plan says of them.

Layers are paired in the order in which they stand so that as much as possible is alike: kind, attributes, name, neighbours. A name
that ends in a number says little, since compilers and loops count layers; one that does not was given to one layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import msgspec

from singalang_compiler.plan import LayerRecord

_MOST_CELLS = 4_000_000
"""Products of layers before and after beyond which names alone count."""

_MUCH = 1 << 20
"""More than there are layers."""


class Known(msgspec.Struct, frozen=True):
    """What pairing goes by: equal ones are alike in all that counts. `reads` and `read_by` are kinds."""

    name: str
    kind: str
    attributes: str
    reads: tuple[str, ...]
    read_by: tuple[str, ...]


@dataclass(frozen=True)
class Matching:
    """Pairs of names, before and after, in the order of the second net; those that are in one net alone, in the order of theirs.

    `moved`: names before of paired layers that stand elsewhere in the order.
    """

    pairs: Mapping[str, str]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    moved: frozenset[str] = frozenset()

    @cached_property
    def back(self) -> Mapping[str, str]:
        """By name after the name before."""
        return {after: before for before, after in self.pairs.items()}


def match(before: Sequence[LayerRecord], after: Sequence[LayerRecord]) -> Matching:
    """Pairs the layers of two nets. Layers stand after their inputs."""
    same = len(list(takewhile(_is_same, zip(before, after, strict=False))))
    rest = min(len(before), len(after)) - same
    last = len(list(takewhile(_is_same, zip(reversed(before[-rest:]), reversed(after[-rest:]), strict=True)))) if rest else 0
    ours, theirs = _known(before), _known(after)
    pairs = {layer.name: layer.name for layer in (*before[:same], *before[len(before) - last :])}
    pairs |= _aligned(ours[same : len(ours) - last], theirs[same : len(theirs) - last])
    moved = _left(ours, theirs, pairs)
    pairs |= moved
    taken = set(pairs.values())
    order = {layer.name: place for place, layer in enumerate(after)}
    return Matching(
        pairs=dict(sorted(pairs.items(), key=lambda pair: order[pair[1]])),
        gone=tuple(layer.name for layer in before if layer.name not in pairs),
        new=tuple(layer.name for layer in after if layer.name not in taken),
        moved=frozenset(moved),
    )


def family(name: str) -> str:
    """A name without its numbers: `res2.conv1` is one of `res.conv`."""
    return re.sub(r"\d+", "", name)


def _is_same(pair: tuple[LayerRecord, LayerRecord]) -> bool:
    one, other = pair
    return (one.name, one.kind, one.inputs, one.attributes) == (other.name, other.kind, other.inputs, other.attributes)


def _known(layers: Sequence[LayerRecord]) -> list[Known]:
    kinds = {layer.name: layer.kind for layer in layers}
    readers: dict[str, list[str]] = {name: [] for name in kinds}
    for layer in layers:
        for name in layer.inputs:
            readers.setdefault(name, []).append(layer.kind)
    return [
        Known(
            layer.name,
            layer.kind,
            repr(sorted(layer.attributes.items())),
            tuple(kinds.get(name, "field") for name in layer.inputs),
            tuple(sorted(readers[layer.name])),
        )
        for layer in layers
    ]


def _likeness(one: Known, other: Known) -> int:
    """How alike two layers are; 0 for such as are not to be paired. A number in common decides only between equals."""
    before = int(one.reads == other.reads)
    named = one.name == other.name
    given = named and not one.name[-1].isdigit()
    if one.kind != other.kind:
        replaced = before and one.read_by == other.read_by and _is_automatic(one) and _is_automatic(other)
        return _MUCH * (5 + before if given else 2 + before if named else int(replaced))
    alike = 4 if one.attributes == other.attributes else 0
    return _MUCH * (8 + alike + before + (6 if given else family(one.name) == family(other.name))) + named


def _is_automatic(layer: Known) -> bool:
    """Whether a name is such as a layer without a label gets."""
    return re.fullmatch(rf"{re.escape(layer.kind)}\d+", layer.name.rpartition(".")[2]) is not None


def _aligned(ours: Sequence[Known], theirs: Sequence[Known]) -> dict[str, str]:
    """The pairs in order whose likenesses have the largest sum. What has the same label and kind in both is no other layer."""
    if len(ours) * len(theirs) > _MOST_CELLS:
        return {}
    labelled = {(one.name, one.kind) for one in ours if not one.name[-1].isdigit()}
    same = {one.name for one in theirs if (one.name, one.kind) in labelled}
    sums = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for row, one in enumerate(ours, 1):
        above, current = sums[row - 1], sums[row]
        for column, other in enumerate(theirs, 1):
            apart = one.name != other.name and (one.name in same or other.name in same)
            alike = 0 if apart else _likeness(one, other)
            current[column] = max(above[column], current[column - 1], above[column - 1] + alike if alike else 0)
    return dict(_traced(ours, theirs, sums))


def _traced(ours: Sequence[Known], theirs: Sequence[Known], sums: Sequence[Sequence[int]]) -> Iterator[tuple[str, str]]:
    """The pairs of one of the best sums: where several are equally good, what is in one net alone stands as late as can be."""
    row, column = len(ours), len(theirs)
    while row and column:
        if sums[row][column] == sums[row][column - 1]:
            column -= 1
        elif sums[row][column] == sums[row - 1][column]:
            row -= 1
        else:
            row, column = row - 1, column - 1
            yield ours[row].name, theirs[column].name


def _left(ours: Sequence[Known], theirs: Sequence[Known], pairs: Mapping[str, str]) -> dict[str, str]:
    """Pairs of the same name and kind among layers that stand in another order."""
    taken = set(pairs.values())
    free = {(one.name, one.kind) for one in theirs if one.name not in taken}
    return {one.name: one.name for one in ours if one.name not in pairs and (one.name, one.kind) in free}
