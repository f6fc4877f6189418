"""Batches of the group, and which rows of them each worker takes. Knows no kernel and no state machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from singalang_compiler.plan_group import GroupRecord, RoleRecord
from singalang_runtime.feed.feed import Feed
from singalang_runtime.group.own_rows import Fields, Rows, Wanted
from singalang_runtime.group.records import phase_of
from singalang_runtime.protocol.events import Phase

Array: TypeAlias = np.ndarray[Any, Any]


class Supply(Protocol):
    """Where a worker takes the fields of a phase from. `OwnRows` gives one worker its own; `SharedRows` are for several in one
    process."""

    def take(self, number: int, micro: int) -> Fields:
        """The fields of a micro-batch of batch `number`. Raises BrokenData."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch of the group: an array for each of the feed's fields, and in an evaluation the weight of each row."""

    arrays: tuple[Array, ...]
    weights: Array | None = None


class Batches:
    """Batches by number, each made once for all who take it, and forgotten when it was taken `takers` times."""

    def __init__(self, made: Iterator[tuple[int, Taken]], takers: int) -> None:
        self._made, self._takers = made, takers
        self._kept: dict[int, tuple[Taken, int]] = {}  # the batch, and how often it is still to be taken

    def take(self, number: int) -> Taken:
        """A batch. Raises BrokenData."""
        while number not in self._kept:
            made, batch = next(self._made)
            self._kept[made] = batch, self._takers
        batch, left = self._kept.pop(number)
        if left > 1:
            self._kept[number] = batch, left - 1
        return batch


@dataclass(frozen=True, slots=True)
class SharedRows:
    """The rows of one worker, of batches that several take from."""

    batches: Batches
    wanted: Wanted

    def take(self, number: int, micro: int) -> Fields:
        """The fields of a micro-batch: views. Each is taken once."""
        taken, rows = self.batches.take(number), self.wanted.rows
        arrays = {name: taken.arrays[place][slice(*rows[lying][micro])] for name, (place, lying) in self.wanted.arrays.items()}
        if taken.weights is None:
            return Fields(arrays, {})
        return Fields(arrays, {lying: taken.weights[slice(*own[micro])] for lying, own in rows.items()})


def wanted_of(group: GroupRecord, role: RoleRecord, position: int, phase: str, names: Sequence[str]) -> Wanted:
    """What the worker of a role at `position` in its stage takes of batches with these fields: what its calls of the phase read."""
    calls = [record for call, record in role.calls.items() if phase_of(call) == phase]
    parts = {name: name.rpartition("@") for record in calls for name in record.inputs}
    arrays = {name: (names.index(field), lying) for name, (field, _, lying) in parts.items() if field in names}
    micros = range(group.micro_batches if phase == "train" else 1)
    own = tuple(rows_of(group, phase, position, micro) for micro in micros)
    return Wanted(arrays, {"batch": own, "whole": tuple(rows_of_all(group, phase, micro) for micro in micros)})


@contextmanager
def training_batches(feed: Feed, first: int, stop: int) -> Iterator[Iterator[tuple[int, Taken]]]:
    """The training batches from number `first` to `stop`, read ahead where that is faster."""
    with feed.phases["train"].stream((number, None) for number in range(first, stop)) as stream:
        yield ((number, Taken(arrays)) for number, arrays in enumerate(stream, first))


def evaluation_batches(feed: Feed, phase: Phase, batches: int, rows: int) -> Iterator[tuple[int, Taken]]:
    """The first batches of a phase, each filled up to `rows` with weight 0."""
    for number, one in enumerate(feed.phases[phase].evaluate(batches)):
        weights = np.zeros(rows, one.weights.dtype)
        weights[: len(one.weights)] = one.weights
        yield number, Taken(tuple(_filled_up(array, rows) for array in one.arrays), weights)


def count_of(feed: Feed, phase: Phase, batches: int | None) -> int:
    """How many batches an evaluation has: all of the phase's, or `batches`."""
    given = feed.phases[phase]
    count = -(-given.records // given.batch)
    return min(count, batches or count)


def rows_of(group: GroupRecord, phase: str, position: int, micro: int) -> Rows:
    """The rows of the worker at `position` of its stage in a micro-batch."""
    if phase != "train":
        own = group.evaluate_rows[phase] // (group.workers // group.stages)
        return position * own, (position + 1) * own
    if group.shards:
        shard = position * group.micro_batches + micro
        return shard * group.rows[0], (shard + 1) * group.rows[0]
    first = micro * sum(group.rows) + sum(group.rows[:position])
    return first, first + group.rows[position]


def rows_of_all(group: GroupRecord, phase: str, micro: int) -> Rows:
    """The rows of a micro-batch, of all workers of a stage together."""
    if phase != "train":
        return 0, group.evaluate_rows[phase]
    return micro * sum(group.rows), (micro + 1) * sum(group.rows)


def _filled_up(array: Array, rows: int) -> Array:
    """The array with some of its rows once more behind it, up to `rows`."""
    return array if len(array) == rows else np.resize(array, (rows, *array.shape[1:]))
