"""Records of all sources that are read together, by number. Knows no order and no batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol, TypeAlias

import numpy as np

from singalang_compiler.library.contract import Records
from singalang_compiler.library.reading.columns import ArrayRecords
from singalang_compiler.plan import FieldRecord

Array: TypeAlias = np.ndarray[Any, Any]

_AT_ONCE = 4096


class Table(Protocol):
    """Records by number, counted from 0."""

    @property
    def in_memory(self) -> bool:
        """Whether gathering costs no reading."""

    def gather(self, numbers: Array, wanted: Collection[int] | None = None) -> tuple[Array, ...]:
        """The fields of these records: for `numbers` (...) fresh arrays (..., *shape); of fields that are not among the `wanted`
        places an array of no records may come instead. Raises what sources raise."""


@dataclass(frozen=True, slots=True)
class MemoryTable:
    """Records that lie decoded in memory."""

    arrays: tuple[Array, ...]
    in_memory: bool = True

    def gather(self, numbers: Array, wanted: Collection[int] | None = None) -> tuple[Array, ...]:
        """The fields of these records, those that are wanted."""
        if wanted is None:
            return tuple([array.take(numbers, axis=0) for array in self.arrays])
        return tuple([array.take(numbers, axis=0) if place in wanted else array[:0] for place, array in enumerate(self.arrays)])


@dataclass(frozen=True, slots=True)
class FileTable:
    """Records that are read when they are wanted."""

    parts: tuple[Records, ...]
    in_memory: bool = False

    def gather(self, numbers: Array, wanted: Collection[int] | None = None) -> tuple[Array, ...]:
        """The fields of these records, all of them: a source reads whole records."""
        flat = numbers.ravel()
        return tuple(array.reshape(*numbers.shape, *array.shape[1:]) for part in self.parts for array in part.read(flat))


def table_of(parts: Sequence[Records], fields: Sequence[Sequence[FieldRecord]], memory_bytes: int) -> Table:
    """A table of sources with equally many records, with `fields` each; in memory where all of them need no more than that.

    Raises what sources raise.
    """
    records = len(parts[0])
    each = sum(record_bytes(wanted) for wanted in fields)
    if not all(isinstance(part, ArrayRecords) for part in parts) and records * each > memory_bytes:
        return FileTable(tuple(parts))
    return MemoryTable(tuple(array for part, wanted in zip(parts, fields, strict=True) for array in _whole(part, wanted)))


def record_bytes(fields: Sequence[FieldRecord]) -> int:
    """Bytes of one record as it travels."""
    return sum(np.dtype(field.storage).itemsize * prod(field.shape) for field in fields)


def _whole(part: Records, wanted: Sequence[FieldRecord]) -> tuple[Array, ...]:
    if isinstance(part, ArrayRecords):
        return part.arrays
    records = len(part)
    arrays = tuple(np.empty((records, *field.shape), field.storage) for field in wanted)
    for start in range(0, records, _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, records))
        for array, piece in zip(arrays, part.read(numbers), strict=True):
            array[start : start + len(numbers)] = piece
    return arrays
