"""The records that one worker needs of each batch, and no others: gathered once a step for all its micro-batches, ahead of time
where that helps. Knows no kernel and no other worker."""

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


class OwnRows:
    """The batches of one phase as one worker takes them, from number `first` to `stop`, in order. Close it: there may be a thread.

    Arrays are fresh ones, views of one another at most; nobody writes to them again.
    """

    def __init__(self, make: Callable[[int], Step], first: int, stop: int, in_memory: bool) -> None:
        self._make, self._stop, self._in_memory = make, stop, in_memory
        self._number = first - 1
        self._step: Step = ()
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
        step = self._make(number)
        if number + 1 < self._stop and not (self._in_memory and _bytes(step) < WORTH_A_THREAD):
            self._ahead = Prefetcher(self._make, range(number + 1, self._stop))
        return step


def training_rows(batches: Batches, wanted: Wanted, first: int, stop: int) -> OwnRows:
    """Training batches from number `first` to `stop`."""

    def make(number: int) -> Step:
        return _step(batches, wanted, batches.order.record_numbers(number, 1)[0], None)

    return OwnRows(make, first, stop, batches.table.in_memory)


def evaluation_rows(batches: Batches, wanted: Wanted, count: int, rows: int) -> OwnRows:
    """The first `count` batches of an evaluation, each filled up to `rows` with weight 0, as all workers together have them."""
    numbers, batch = batches.order.one_pass(), batches.batch

    def make(number: int) -> Step:
        chosen = numbers[number * batch : (number + 1) * batch]
        weights = np.zeros(rows, np.float32)
        weights[: len(chosen)] = 1
        return _step(batches, wanted, np.resize(np.resize(chosen, batch), rows), weights)

    return OwnRows(make, 0, count, batches.table.in_memory)


def _step(batches: Batches, wanted: Wanted, numbers: Array, weights: Array | None) -> Step:
    """The fields of one batch of the group, given the numbers of its records."""
    gathered = {lying: _gathered(batches, wanted, lying, numbers) for lying in _together(batches, wanted)}
    micro_batches = max((len(rows) for rows in wanted.rows.values()), default=0)
    return tuple(_fields(wanted, gathered, weights, micro) for micro in range(micro_batches))


class _Gathered(NamedTuple):
    """Arrays by the field's place, and for each row of the group's batch where it stands in them, by first row of a range."""

    arrays: tuple[Array, ...]
    starts: Mapping[int, int]


def _together(batches: Batches, wanted: Wanted) -> tuple[str, ...]:
    """The ways of lying that are gathered each for itself. Sources read whole records: from files none is read twice."""
    used = tuple(lying for lying in wanted.rows if wanted.places(lying))
    return used if batches.table.in_memory or len(used) < 2 else ("",)


def _gathered(batches: Batches, wanted: Wanted, lying: str, numbers: Array) -> _Gathered:
    if not lying:
        return _Gathered(_gather(batches, numbers, None), {first: first for rows in wanted.rows.values() for first, _ in rows})
    rows, starts, size = wanted.rows[lying], dict[int, int](), 0
    for first, end in rows:
        starts[first] = size
        size += end - first
    chosen = numbers[slice(*rows[0])] if len(rows) == 1 else np.concatenate([numbers[first:end] for first, end in rows])
    return _Gathered(_gather(batches, chosen, wanted.places(lying)), starts)


def _gather(batches: Batches, numbers: Array, places: frozenset[int] | None) -> tuple[Array, ...]:
    try:
        return batches.table.gather(numbers, places)
    except SourceError as fault:
        raise BrokenData(explain(fault)) from None


def _fields(wanted: Wanted, gathered: Mapping[str, _Gathered], weights: Array | None, micro: int) -> Fields:
    arrays = {}
    for name, (place, lying) in wanted.arrays.items():
        first, end = wanted.rows[lying][micro]
        found = gathered[lying] if lying in gathered else gathered[""]
        start = found.starts[first]
        arrays[name] = found.arrays[place][start : start + end - first]
    if weights is None:
        return Fields(arrays, {})
    return Fields(arrays, {lying: weights[slice(*rows[micro])] for lying, rows in wanted.rows.items()})


def _bytes(step: Step) -> int:
    return sum(array.nbytes for fields in step for array in fields.arrays.values())
