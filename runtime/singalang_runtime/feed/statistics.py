"""Mean and standard deviation from files of one record. Knows no batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import Source, SourceError
from singalang_compiler.plan import FieldRecord

Array: TypeAlias = np.ndarray[Any, Any]

_BY_SUFFIX = {".npz": "npz", ".csv": "csv", ".txt": "csv"}


@dataclass(frozen=True, slots=True)
class _Single:
    """What a source is asked for: the one record, as numbers of 64 bits."""

    name: str
    shape: tuple[int, ...]
    classes: None = None
    storage: str = "float64"


def read_statistic(path: str, of: str, field: FieldRecord, source: Source, folder: Path) -> Array:
    """The one record of a `mean` or `std` file (`of` says which), float64, of the field's shape.

    A file called `.npz`, `.csv` or `.txt` is of that format; any other has the format of the field's source, or is a kvfile
    where the source has none. Raises SourceError.
    """
    reader = _reader(path, source)
    records = reader.open(folder, "all", (_Single(field.name, field.shape),))
    if len(records) != 1:
        raise SourceError("shape", f"the file holds {len(records)} records instead of one", where=path)
    value: Array = records.read(np.zeros(1, np.int64))[0][0]
    if of == "std" and not value.all():
        place = int(np.argmin(value.ravel() != 0)) + 1
        raise SourceError("value", f"value {place} is 0, and values are divided by it", where=path)
    return value


def _reader(path: str, source: Source) -> Source:
    named = _BY_SUFFIX.get(PurePath(path).suffix)
    own = source.single(path) if named is None else None
    if own is not None:
        return own
    kind = kinds.find("sources", named or "kvfile")
    assert kind is not None and kind.cls is not None
    made: Source | None = kind.cls(path=path).single(path)
    assert made is not None
    return made
