"""Sums of what several give of parts of one array, worked out once. Knows no message and no kernel."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from singalang_runtime.group.sharing import Stretch
from singalang_runtime.plane.port import Parts

Array: TypeAlias = np.ndarray[Any, Any]

CHUNK_SIZE = 1 << 15
"""Elements that are added at a time where there are more than two to be added: sums then stay in the processor's cache."""


class Summand(NamedTuple):
    """Elements that one of those who give has: of part number `part` of what number `giver` gives."""

    giver: int
    part: int
    elements: slice


Shards: TypeAlias = tuple[tuple[Summand, ...], ...]
"""Who gives something to the same elements, in order: those of each shard."""


class Collecting:
    """Adds into `target`, flat, what is given of it: `stretches` of each who gives, and the number of the shard that it belongs to.

    The sum of a shard is taken in the order of those who give, and then that of the shards in a binary tree. What nobody gives
    stays as it was.
    """

    def __init__(self, target: Array, stretches: Sequence[Sequence[Stretch]], shards: Sequence[int]) -> None:
        pieces = tuple(_pieces(target, stretches, shards))
        self._pairs = tuple((part, *shards[0][0], *shards[0][1]) for part, shards in pieces if _is_pair(shards))
        self._others = tuple((part, shards) for part, shards in pieces if not _is_pair(shards))

    def __call__(self, given: Sequence[Parts]) -> None:
        """Adds what everybody gives."""
        for target, giver, part, elements, other, its_part, its_elements in self._pairs:
            np.add(given[giver][part][elements], given[other][its_part][its_elements], target)
        for target, shards in self._others:
            sums = [_sum([given[giver][part][elements] for giver, part, elements in shard]) for shard in shards[1:]]
            first = [given[giver][part][elements] for giver, part, elements in shards[0]]
            add_into(halved([_sum(first), *sums]) if sums else first, target)


def halved(arrays: list[Array]) -> list[Array]:
    """Arrays added by a binary tree until two are left: neighbours are added, so that the sum depends on their order alone."""
    while len(arrays) > 2:
        pairs = [left + right for left, right in zip(arrays[::2], arrays[1::2], strict=False)]
        arrays = [*pairs, *arrays[len(arrays) & ~1 :]]
    return arrays


def add_into(arrays: Sequence[Array], target: Array) -> None:
    """The sum of arrays in their order. One alone is copied, so that nobody's -0 becomes 0 by being added to it."""
    if len(arrays) == 1:
        target[...] = arrays[0]
        return
    np.add(arrays[0], arrays[1], target)
    for array in arrays[2:]:
        np.add(target, array, target)


def _sum(arrays: list[Array]) -> Array:
    if len(arrays) == 1:
        return arrays[0]
    total = np.empty_like(arrays[0])
    add_into(arrays, total)
    return total


def _is_pair(shards: Shards) -> bool:
    """Whether there is one shard, of two."""
    return len(shards) == 1 and len(shards[0]) == 2


def _pieces(target: Array, stretches: Sequence[Sequence[Stretch]], shards: Sequence[int]) -> Iterator[tuple[Array, Shards]]:
    """The target cut wherever somebody's stretch begins or ends."""
    borders = sorted({border for own in stretches for one in own for border in (one.offset, one.offset + one.size)})
    found: list[dict[int, list[Summand]]] = [{} for _ in borders]
    for giver, own in enumerate(stretches):
        for part, one in enumerate(own):
            for place in range(bisect_left(borders, one.offset), bisect_left(borders, one.offset + one.size)):
                elements = slice(borders[place] - one.offset, borders[place + 1] - one.offset)
                found[place].setdefault(shards[giver], []).append(Summand(giver, part, elements))
    for place, by_shard in enumerate(found):
        if by_shard:
            assert len(by_shard) == len(set(shards)), "everybody's shards have something of the element"
            yield from _chunks(target[borders[place] : borders[place + 1]], by_shard)


def _chunks(target: Array, by_shard: dict[int, list[Summand]]) -> Iterator[tuple[Array, Shards]]:
    step = CHUNK_SIZE if sum(map(len, by_shard.values())) > 2 else len(target)
    for at in range(0, len(target), step):
        size = min(step, len(target) - at)
        shards = tuple(
            tuple(
                Summand(giver, part, slice(elements.start + at, elements.start + at + size))
                for giver, part, elements in by_shard[one]
            )
            for one in sorted(by_shard)
        )
        yield target[at : at + size], shards
