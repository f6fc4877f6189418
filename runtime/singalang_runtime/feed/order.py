"""In which order records come: a pure function of seed, epoch and batch number. Knows no data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_WORD = (1 << 64) - 1
_SKIP = _WORD
"""The epoch in whose place the count of skipped records is drawn: no run gets there."""


@dataclass(frozen=True)
class Order:
    """The order in which the batches of one phase take `records` records.

    The epochs follow one another as one stream, which batches cut evenly: a batch may straddle two epochs. `random_skip`
    is the greatest number of records that are passed over once, before the first batch; how many is drawn from the seed.
    """

    records: int
    batch: int
    seed: int = 0
    shuffle: bool = False
    random_skip: int = 0

    @cached_property
    def skipped(self) -> int:
        """Number of records passed over before the first batch: uniform on 0 to `random_skip`."""
        return int(_words(self.seed, _SKIP, 1)[0]) % (self.random_skip + 1)

    def record_numbers(self, first: int, count: int) -> Numbers:
        """Numbers of the records of batches `first` to `first + count - 1`, counted from 0: (count, batch)."""
        begin = self.skipped + first * self.batch
        length = count * self.batch
        epoch, place = divmod(begin, self.records)
        if place + length <= self.records:
            return self._epoch(epoch)[place : place + length].reshape(count, self.batch)
        parts = []
        while length > 0:
            part = self._epoch(epoch)[place : place + length]
            parts.append(part)
            length -= len(part)
            epoch, place = epoch + 1, 0
        return np.concatenate(parts).reshape(count, self.batch)

    def one_pass(self) -> Numbers:
        """Every record once, as an evaluation takes them: the first epoch, begun behind the skipped records."""
        return np.roll(self._epoch(0), -self.skipped)

    def _epoch(self, epoch: int) -> Numbers:
        return permutation(self.seed, epoch, self.records) if self.shuffle else _file_order(self.records)


@lru_cache(maxsize=4)
def permutation(seed: int, epoch: int, records: int) -> Numbers:
    """The order of the records in one epoch, counted from 0; read-only.

    Record r comes where the r-th word of Philox4x64-10 with the key (seed, epoch) stands among all words: so the order depends on
    nothing but the published generator. Source: Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    return _fixed(np.argsort(_words(seed, epoch, records), kind="stable"))


@lru_cache(maxsize=4)
def _file_order(records: int) -> Numbers:
    return _fixed(np.arange(records, dtype=np.int64))


def _words(seed: int, epoch: int, count: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Words of the generator: its raw output, which NumPy promises never to change."""
    key = np.array([seed & _WORD, epoch & _WORD], np.uint64)
    words: np.ndarray[Any, np.dtype[np.uint64]] = np.random.Philox(key=key).random_raw(count)
    return words


def _fixed(numbers: Numbers) -> Numbers:
    numbers.flags.writeable = False
    return numbers
