"""Where the pieces of a value lie among the workers of a stage, and which blocks move where. Plain arithmetic: no array, no net.

A value that flows between layers is one array for each micro-batch, (rows, *record). On the workers of a stage it lies in one of
four ways, its distribution. Moving a value from one distribution to another is a linear map: every worker gets blocks of
other workers' pieces and puts them down or adds them up. So the way back, for gradients, is that map transposed: the same blocks
in the other direction, `put` where `taken` was. Nothing else need be known of a connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Literal, NamedTuple, TypeAlias

import msgspec

Region: TypeAlias = tuple[tuple[int, int], ...]
"""For each axis of an array (first, end)."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a value lies among the workers of a stage.

    `batch`: each has some rows; `feature`: each has an equal part of `axis`, all rows; `whole`: each has all of it;
    `partial`: each has a summand of it. `axis` is the axis of the array that is cut, the rows being axis 0.
    """

    kind: Literal["batch", "feature", "whole", "partial"]
    axis: int = 0

    def __str__(self) -> str:
        """A short name, as it stands in the names of buffers."""
        return f"feature{self.axis}" if self.kind == "feature" else self.kind


BATCH = Distribution(kind="batch")
WHOLE = Distribution(kind="whole")
PARTIAL = Distribution(kind="partial")


def by_feature(axis: int) -> Distribution:
    """The distribution that cuts an axis of the array, 1 or more."""
    return Distribution(kind="feature", axis=axis)


class Extent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The size of a value: `rows` of each worker of the stage in one micro-batch, said `times` times over, and the shape of one
    record as the array lies."""

    rows: tuple[int, ...]
    times: int = 1
    record: tuple[int, ...]

    @property
    def workers(self) -> int:
        """Workers of a stage."""
        return len(self.rows) * self.times

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""
        return (sum(self.rows) * self.times, *self.record)

    @property
    def compact(self) -> Extent:
        """The same size, said in few words where all workers have equally many rows."""
        return Extent(rows=self.rows[:1], times=self.workers, record=self.record) if len(set(self.rows)) == 1 else self

    def region(self, distribution: Distribution, position: int) -> Region:
        """Which part of the whole array the piece of the worker at `position` is."""
        found = [(0, length) for length in self.shape]
        match distribution.kind:
            case "batch":
                before, place = divmod(position, len(self.rows))
                first = before * sum(self.rows) + sum(self.rows[:place])
                found[0] = (first, first + self.rows[place])
            case "feature":
                length, rest = divmod(self.shape[distribution.axis], self.workers)
                assert not rest, f"axis {distribution.axis} of {self.shape} is not cut evenly by {self.workers}"
                found[distribution.axis] = (position * length, (position + 1) * length)
        return tuple(found)

    def piece(self, distribution: Distribution, position: int) -> tuple[int, ...]:
        """Shape of the piece of the worker at `position`."""
        return tuple(end - first for first, end in self.region(distribution, position))


class Block(NamedTuple):
    """A block of one piece that becomes a block of another: positions of the two workers, and the regions inside their pieces.

    Blocks of different workers with overlapping `put` are added, in the order of `source`.
    """

    source: int
    target: int
    taken: Region
    put: Region

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(end - first for first, end in self.taken)

    @property
    def transposed(self) -> Block:
        """The same block on the way back."""
        return Block(self.target, self.source, self.put, self.taken)


def blocks(extent: Extent, source: Distribution, target: Distribution) -> Iterator[Block]:
    """The blocks that take a value from one distribution to another, by target, then source.

    A worker that needs what each of several has takes it from the one at its own position. `target` is never `partial`.
    The stages of source and target may be the same, or two of equally many workers.
    """
    for position in range(extent.workers):
        yield from incoming(extent, source, target, position)


def incoming(extent: Extent, source: Distribution, target: Distribution, position: int) -> Iterator[Block]:
    """Of `blocks` those to one worker."""
    for other in _counterparts(extent, source, position):
        yield from _block(extent, source, target, other, position)


def outgoing(extent: Extent, source: Distribution, target: Distribution, position: int) -> Iterator[Block]:
    """Of `blocks` those from one worker."""
    for other in _counterparts(extent, source, position):
        yield from _block(extent, source, target, position, other)


def received_elements(extent: Extent, source: Distribution, target: Distribution, position: int, apart: bool) -> int:
    """Elements that a worker gets from others; `apart`: the target is in another stage, so that it has nothing of it itself."""
    sizes = {block.source: block.size for block in incoming(extent, source, target, position)}
    return sum(size for other, size in sizes.items() if apart or other != position)


def _counterparts(extent: Extent, source: Distribution, position: int) -> tuple[int, ...] | range:
    """The positions that a worker may have to do with: what is whole, each takes from its own position."""
    return (position,) if source.kind == "whole" else range(extent.workers)


def _block(extent: Extent, source: Distribution, target: Distribution, giver: int, taker: int) -> Iterator[Block]:
    """The block that goes from one position to another, if any does."""
    held, wanted = extent.region(source, giver), extent.region(target, taker)
    common = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(held, wanted, strict=True))
    if all(first < end for first, end in common):
        yield Block(giver, taker, _within(common, held), _within(common, wanted))


def _within(region: Region, held: Region) -> Region:
    return tuple((first - start, end - start) for (first, end), (start, _) in zip(region, held, strict=True))
