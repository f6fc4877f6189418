"""How columns of a file become fields of a record: which field takes which values, and whether the values fit. Knows no format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from singalang_compiler.library.contract import SourceError, Wanted

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
Place: TypeAlias = Callable[[int], str]
"""Where the record of this number (counted from 0) stands, for a message."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Which fields of a source without names are features and which one is the label.

    The label is the last field declared as `class(n)` without a shape; all others are features, in the order declared.
    """

    features: tuple[Wanted, ...]
    label: Wanted | None

    @classmethod
    def of(cls, wanted: Sequence[Wanted]) -> Binding:
        """The binding of these fields."""
        labels = [field for field in wanted if field.classes is not None and not field.shape]
        label = labels[-1] if labels else None
        return cls(tuple(field for field in wanted if field is not label), label)

    @property
    def size(self) -> int:
        """Number of feature values of one record."""
        return sum(prod(field.shape) for field in self.features)

    def check(self, size: int, where: str, hint: str | None = None) -> None:
        """Raises SourceError (`shape`) unless a record's features are this many values."""
        if self.features and size != self.size:
            names = " and ".join(f"`{field.name}`" for field in self.features)
            verb = "take" if len(self.features) > 1 else "takes"
            raise SourceError("shape", f"a record has {size} values, but {names} {verb} {self.size}", where=where, hint=hint)

    def fields(self, wanted: Sequence[Wanted], features: Array | None, labels: Array | None, place: Place) -> tuple[Array, ...]:
        """The fields in the order wanted, cut out of `features` (n, size), and `labels` (n,). Raises SourceError."""
        made: list[Array] = []
        start = 0
        for field in wanted:
            if field is self.label:
                assert labels is not None
                made.append(stored(labels, field, place))
            else:
                assert features is not None
                end = start + prod(field.shape)
                made.append(stored(features[:, start:end], field, place))
                start = end
        return tuple(made)


@dataclass(frozen=True, slots=True)
class ArrayRecords:
    """Records that lie in memory: one array (records, *shape) for each field."""

    arrays: tuple[Array, ...]
    records: int

    def __len__(self) -> int:
        """Number of records."""
        return self.records

    def read(self, numbers: Array) -> tuple[Array, ...]:
        """The fields of these records."""
        return tuple(array.take(numbers, axis=0) for array in self.arrays)


def stored(values: Array, field: Wanted, place: Place) -> Array:
    """Values (n, ...) of any numeric dtype as the array (n, *shape) of the field's storage, rounded to it at most.

    Raises:
        SourceError: `shape`, where the number of values is another; `value`, where one is not finite, no whole number for a
            storage of whole numbers, outside the classes or outside what the storage holds.
    """
    import numpy as np

    size = prod(values.shape[1:])
    if size != prod(field.shape):
        text = f"`{field.name}` has {size} values in a record, but is declared with {prod(field.shape)}"
        raise SourceError("shape", text, where=place(0))
    dtype = np.dtype(field.storage)
    flat = values.reshape(len(values), size)
    if flat.dtype.kind == "f":
        _refuse(~np.isfinite(flat), flat, lambda value: f"`{field.name}` is {value}, not a finite number", place)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            made = flat.astype(dtype, order="C")  # a record's values lie together: batches are gathered by records
        if flat.dtype.itemsize > dtype.itemsize and flat.dtype.kind == "f":
            _refuse(~np.isfinite(made), flat, lambda value: f"`{field.name}` is {value}, too large for {dtype}", place)
        return made.reshape(len(values), *field.shape)
    if flat.dtype.kind == "f":
        _refuse(flat != np.floor(flat), flat, lambda value: f"`{field.name}` is {value}, not a whole number", place)
    if field.classes is not None:
        _in_range(flat, 0, field.classes - 1, f"outside the classes 0 to {field.classes - 1}", field, place)
    limits = np.iinfo(dtype)
    _in_range(flat, limits.min, limits.max, f"outside {limits.min} to {limits.max}", field, place)
    return flat.astype(dtype, order="C").reshape(len(values), *field.shape)


def _in_range(flat: Array, low: int, high: int, words: str, field: Wanted, place: Place) -> None:
    if flat.size and (flat.min() < low or flat.max() > high):
        _refuse((flat < low) | (flat > high), flat, lambda value: f"`{field.name}` is {value}, {words}", place)


def _refuse(wrong: Array, flat: Array, text: Callable[[str], str], place: Place) -> None:
    if wrong.any():
        row, column = divmod(int(wrong.ravel().argmax()), flat.shape[1])
        raise SourceError("value", text(f"{flat[row, column].item():.12g}"), where=place(row))
