"""The records that one worker needs of each batch, and no others: gathered for all micro-batches of a step, and of some steps,
at once, ahead of time where that helps. Knows no kernel and no other worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from singalang_compiler.library.contract import SourceError
from singalang_runtime.feed.batches import WORTH_A_THREAD, Batches
from singalang_runtime.feed.faults import BrokenData, explain
from singalang_runtime.feed.prefetch import Prefetcher

Array: TypeAlias = np.ndarray[Any, Any]
Rows: TypeAlias = tuple[int, int]
"""First row in the group's batch, and the first one that is no longer meant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker takes of the batches of a phase: for each array the place of its field in the feed and how its rows lie
    (`batch`, `whole`), and for each way of lying the rows of every micro-batch."""

    arrays: Mapping[str, tuple[int, str]]
    rows: Mapping[str, tuple[Rows, ...]]

    def places(self, lying: str) -> frozenset[int]:
        """The fields that are wanted in a way of lying."""
        return frozenset(place for place, own in self.arrays.values() if own == lying)


class Fields(NamedTuple):
    """What a worker takes of one micro-batch: its arrays by name, and in an evaluation `weights`, float32, by way of lying."""

    arrays: Mapping[str, Array]
    weights: Mapping[str, Array]


Step: TypeAlias = tuple[Fields, ...]
"""The fields of a step, by micro-batch."""
TOGETHER_BYTES = 1 << 18
"""So much of the fields of steps is gathered at once: it stays in the processor's cache."""
_NO_WEIGHTS: Mapping[str, Array] = {}


class OwnRows:
    """The batches of one phase as one worker takes them, from number `first` to `stop`, in order. Close it: there may be a thread.

    Arrays are fresh ones, views of one another at most; nobody writes to them again.
    """

    def __init__(self, make: Callable[[int, int], list[Step]], first: int, stop: int, in_memory: bool) -> None:
        """`make` gives so many steps from one on, as few as one."""
        self._make, self._stop, self._in_memory = make, stop, in_memory
        self._number, self._bytes = first - 1, 0
        self._step: Step = ()
        self._made: list[Step] = []  # and not yet taken, the next one last
        self._ahead: Prefetcher[int, Step] | None = None

    def take(self, number: int, micro: int) -> Fields:
        """The fields of a micro-batch of batch `number`, the one at hand or the next. Raises BrokenData."""
        if number != self._number:
            assert number == self._number + 1, f"batch {number} is wanted after {self._number}"
            self._step, self._number = self._next(number), number
        return self._step[micro]

    def close(self) -> None:
        """Stops reading ahead; may be called again."""
        if self._ahead is not None:
            self._ahead.close()

    def _next(self, number: int) -> Step:
        if self._ahead is not None:
            return next(self._ahead)
        if not self._made:
            self._read(number)
        return self._made.pop()

    def _read(self, number: int) -> None:
        """Makes one step, the first time, and then as many small ones as are made sooner together."""
        count = min(TOGETHER_BYTES // self._bytes, self._stop - number) if self._bytes else 1
        self._made = self._make(number, max(1, count))[::-1]
        if self._bytes:
            return
        self._bytes = max(1, sum(array.nbytes for fields in self._made[0] for array in fields.arrays.values()))
        if number + 1 < self._stop and not (self._in_memory and self._bytes < WORTH_A_THREAD):
            self._ahead = Prefetcher(lambda step: self._make(step, 1)[0], range(number + 1, self._stop))


def training_rows(batches: Batches, wanted: Wanted, first: int, stop: int) -> OwnRows:
    """Training batches from number `first` to `stop`."""
    reader = _Reader(batches, wanted)

    def make(number: int, count: int) -> list[Step]:
        return reader.steps(batches.order.record_numbers(number, count), None)

    return OwnRows(make, first, stop, batches.table.in_memory)


def evaluation_rows(batches: Batches, wanted: Wanted, count: int, rows: int) -> OwnRows:
    """The first `count` batches of an evaluation, each filled up to `rows` with weight 0, as all workers together have them."""
    reader, numbers, batch = _Reader(batches, wanted), batches.order.one_pass(), batches.batch

    def one(number: int) -> Step:
        chosen = numbers[number * batch : (number + 1) * batch]
        weights = np.zeros(rows, np.float32)
        weights[: len(chosen)] = 1
        return reader.steps(np.resize(np.resize(chosen, batch), (1, rows)), weights)[0]

    return OwnRows(lambda first, steps: [one(first + step) for step in range(steps)], 0, count, batches.table.in_memory)


class _Reader:
    """Reads what is wanted of batches, given the numbers of their records; where everything goes was worked out once.

    Each way of lying is gathered for itself. Sources read whole records: from files with two ways of lying all are read together,
    and none twice.
    """

    def __init__(self, batches: Batches, wanted: Wanted) -> None:
        self._table, self._wanted = batches.table, wanted
        used = tuple(lying for lying in wanted.rows if wanted.places(lying))
        apart = batches.table.in_memory or len(used) < 2
        self._gathers = (
            tuple((_rows(wanted.rows[lying]), wanted.places(lying)) for lying in used) if apart else ((slice(None), None),)
        )
        self._micros = tuple(
            tuple(
                (name, used.index(lying) if apart else 0, place, _within(rows, micro) if apart else slice(*rows[micro]))
                for name, (place, lying) in wanted.arrays.items()
                for rows in [wanted.rows[lying]]
            )
            for micro in range(max((len(rows) for rows in wanted.rows.values()), default=0))
        )

    def steps(self, numbers: Array, weights: Array | None) -> list[Step]:
        """The fields of batches whose records have these numbers, (steps, batch)."""
        found = [self._gather(numbers[:, rows], places) for rows, places in self._gathers]
        return [
            tuple(
                Fields({name: found[gather][place][step, rows] for name, gather, place, rows in own}, self._weights(weights, micro))
                for micro, own in enumerate(self._micros)
            )
            for step in range(len(numbers))
        ]

    def _gather(self, numbers: Array, places: frozenset[int] | None) -> tuple[Array, ...]:
        try:
            return self._table.gather(numbers, places)
        except SourceError as fault:
            raise BrokenData(explain(fault)) from None

    def _weights(self, weights: Array | None, micro: int) -> Mapping[str, Array]:
        if weights is None:
            return _NO_WEIGHTS
        return {lying: weights[slice(*rows[micro])] for lying, rows in self._wanted.rows.items()}


def _rows(ranges: tuple[Rows, ...]) -> slice | Array:
    """The rows of several ranges, as an index."""
    return slice(*ranges[0]) if len(ranges) == 1 else np.concatenate([np.arange(first, end) for first, end in ranges])


def _within(ranges: tuple[Rows, ...], place: int) -> slice:
    """Where a range lies among the rows of all."""
    begin = sum(end - first for first, end in ranges[:place])
    first, end = ranges[place]
    return slice(begin, begin + end - first)
