"""The source `npz`: NumPy's archives of named arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import ClassVar, Literal

from singalang_compiler.library.contract import Records, Source, SourceError, Wanted
from singalang_compiler.library.kinds import source
from singalang_compiler.library.reading.columns import ArrayRecords, stored
from singalang_compiler.library.reading.npz_format import NpzFile
from singalang_compiler.library.tensors import TensorSpec


@source("npz")
class Npz(Source):
    """Named arrays in a `.npz` file, one for each field, of the same name; the first axis of each counts the records.

    Arrays of whole numbers, of truth values and of real numbers are taken; pickled objects never are.
    """

    named: ClassVar[bool] = True

    path: str  # the file
    stored: Literal["f32", "u8", "f64"] = "f32"  # how the features travel: `u8` for bytes, `f64` for 64-bit numbers

    def storage(self, field: TensorSpec) -> str:
        """32-bit numbers for features unless the program says otherwise."""
        return "int32" if field.dtype == "i32" else {"f32": "float32", "u8": "uint8", "f64": "float64"}[self.stored]

    def files(self) -> tuple[str, ...]:
        """The archive."""
        return (self.path,)

    def single(self, path: str) -> Source:
        """An archive that holds one record."""
        return _OneRecord(path)

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Reads the wanted arrays whole."""
        archive = NpzFile.of(folder, self.path)
        arrays = [archive.array(field.name) for field in wanted]
        counts = {field.name: len(array) for field, array in zip(wanted, arrays, strict=True)}
        first = wanted[0].name
        for name, count in counts.items():
            if count != counts[first]:
                text = f"`{name}` has {count} records, but `{first}` has {counts[first]}"
                raise SourceError("corrupt", text, where=self.path, hint="the first axis of every array counts the records")
        if not counts[first]:
            raise SourceError("empty", "the file holds no record", where=self.path)
        made = tuple(stored(array, field, self._place) for array, field in zip(arrays, wanted, strict=True))
        return ArrayRecords(made, counts[first])

    def _place(self, number: int) -> str:
        return f"{self.path}, record {number + 1}"


@dataclass(frozen=True)
class _OneRecord(Source):
    """The one record of a mean or std file: the array of the field's name or the only one, with or without an axis of records."""

    path: str

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Reads the array of the one field."""
        (field,) = wanted
        archive = NpzFile.of(folder, self.path)
        array = archive.array(archive.names[0] if len(archive.names) == 1 else field.name)
        if array.size == prod(field.shape):
            array = array.reshape(1, -1)
        return ArrayRecords((stored(array, field, lambda number: self.path),), len(array))
