"""Batches of one phase: which records each holds, gathered, ahead of time where that helps. Knows no source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.epochs import steps_of_epochs
from singalang_compiler.library.contract import SourceError
from singalang_runtime.feed.faults import BrokenData, explain
from singalang_runtime.feed.order import Order
from singalang_runtime.feed.prefetch import Prefetcher
from singalang_runtime.feed.tables import Table

Array: TypeAlias = np.ndarray[Any, Any]

WORTH_A_THREAD = 1 << 20
"""Bytes of one dispatch from which gathering in memory takes longer than handing it over between threads."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A batch of an evaluation: `arrays` (batch, *shape) each, `weights` (batch,) float32, 0 for rows that only fill it up."""

    arrays: tuple[Array, ...]
    weights: Array
    rows: int


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of one phase. Arrays are fresh ones, in the order of the feed's `names`; nobody writes to them again."""

    table: Table
    order: Order
    record_bytes: int

    @property
    def records(self) -> int:
        """Number of records."""
        return self.order.records

    @property
    def batch(self) -> int:
        """Records of one batch."""
        return self.order.batch

    def take(self, first: int, count: int | None = None) -> tuple[Array, ...]:
        """Batch `first`, counted from 0: arrays (batch, *shape). With `count` that many from there on: (count, batch, *shape).

        Raises BrokenData.
        """
        numbers = self.order.record_numbers(first, 1 if count is None else count)
        return self._gather(numbers[0] if count is None else numbers)

    @contextmanager
    def stream(self, dispatches: Iterable[tuple[int, int | None]]) -> Iterator[Iterator[tuple[Array, ...]]]:
        """What `take` gives for each (first, count), in order; read ahead in a thread where that is faster. Raises BrokenData."""
        waiting = iter(dispatches)
        head = next(waiting, None)
        if head is None:
            yield iter(())
        elif self.table.in_memory and self.record_bytes * self.batch * (head[1] or 1) < WORTH_A_THREAD:
            yield self._one_by_one(head, waiting)
        else:
            with Prefetcher(lambda item: self.take(*item), _with_head(head, waiting)) as ahead:
                yield ahead

    def evaluate(self, batches: int | None = None) -> Iterator[Evaluation]:
        """Every record once, or as many batches of them; the last batch is filled up with weight 0. Raises BrokenData."""
        numbers = self.order.one_pass()
        count = ceil(self.records / self.batch)
        for start in range(0, min(count, batches or count) * self.batch, self.batch):
            chosen = numbers[start : start + self.batch]
            weights = np.zeros(self.batch, np.float32)
            weights[: len(chosen)] = 1
            yield Evaluation(self._gather(np.resize(chosen, self.batch)), weights, len(chosen))

    def steps_of_epochs(self, epochs: float) -> int:
        """Steps until all records have been seen `epochs` times, rounded up."""
        return steps_of_epochs(epochs, self.records, self.batch)

    def _one_by_one(self, head: tuple[int, int | None], rest: Iterator[tuple[int, int | None]]) -> Iterator[tuple[Array, ...]]:
        for first, count in _with_head(head, rest):
            yield self.take(first, count)

    def _gather(self, numbers: Array) -> tuple[Array, ...]:
        try:
            return self.table.gather(numbers)
        except SourceError as fault:
            raise BrokenData(explain(fault)) from None


def _with_head(head: tuple[int, int | None], rest: Iterator[tuple[int, int | None]]) -> Iterator[tuple[int, int | None]]:
    yield head
    yield from rest
