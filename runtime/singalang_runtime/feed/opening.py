"""Source kinds from a plan's records: the library's own, and a user's from the file beside the kernels. Knows no batch."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import Records, Source, SourceError
from singalang_compiler.plan import FieldRecord, KindRecord
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.codes.e0610_source_failed import SourceFailed
from singalang_runtime.feed.faults import BrokenData

Array: TypeAlias = np.ndarray[Any, Any]


def source_of(record: KindRecord, beside: Path) -> Source:
    """The source that a plan names; a user's file lies in `beside`, the folder of the kernels. Raises BrokenData."""
    attributes = {name: _frozen(value) for name, value in record.attributes.items()}
    if record.file is not None:
        return _UserSource(record.kind, record.file, _users_kind(record.kind, record.file, beside)(**attributes))
    kind = kinds.find("sources", record.kind)
    if kind is None or kind.cls is None:
        raise CompilerBug(f"the plan names a source kind `{record.kind}`, which this singalang does not have")
    source: Source = kind.cls(**attributes)
    return source


@dataclass(frozen=True, slots=True)
class _UserSource(Source):
    """A user's source kind, with its faults caught and its promises checked."""

    kind: str
    file: str
    source: Source

    def files(self) -> tuple[str, ...]:
        try:
            return tuple(self.source.files())
        except Exception as fault:
            raise _failed(self.kind, self.file, fault) from None

    def single(self, path: str) -> Source | None:
        try:
            return self.source.single(path)
        except Exception as fault:
            raise _failed(self.kind, self.file, fault) from None

    def open(self, folder: Path, split: str, wanted: Sequence[Any]) -> Records:
        try:
            records = self.source.open(folder, split, wanted)
            count = len(records)
        except SourceError:
            raise
        except Exception as fault:
            raise _failed(self.kind, self.file, fault) from None
        guarded = _UserRecords(self.kind, self.file, records, count, tuple(wanted))
        if count:
            guarded.read(np.zeros(1, np.int64))
        return guarded


@dataclass(frozen=True, slots=True)
class _UserRecords:
    kind: str
    file: str
    records: Records
    count: int
    wanted: tuple[FieldRecord, ...]

    def __len__(self) -> int:
        return self.count

    def read(self, numbers: Array) -> tuple[Array, ...]:
        try:
            arrays = tuple(np.asarray(array) for array in self.records.read(numbers))
        except SourceError:
            raise
        except Exception as fault:
            raise _failed(self.kind, self.file, fault) from None
        if len(arrays) != len(self.wanted):
            raise self._broken(f"gave {len(arrays)} fields where {len(self.wanted)} were wanted")
        for array, field in zip(arrays, self.wanted, strict=True):
            shape = (len(numbers), *field.shape)
            if array.shape != shape or array.dtype != field.storage:
                raise self._broken(
                    f"gave `{field.name}` as {array.dtype} {list(array.shape)}, and not as {field.storage} {list(shape)}"
                )
            if field.classes is not None and array.size and not 0 <= array.min() <= array.max() < field.classes:
                raise self._broken(f"gave a `{field.name}` outside the classes 0 to {field.classes - 1}")
        return arrays

    def _broken(self, text: str) -> BrokenData:
        return BrokenData(SourceFailed(self.kind, self.file, text, None).diagnostic())


def _users_kind(name: str, file: str, beside: Path) -> type:
    path = beside / file
    module = f"singalang_user_{hashlib.sha256(file.encode()).hexdigest()[:16]}"
    spec = spec_from_file_location(module, path)
    if spec is None or spec.loader is None or not path.is_file():
        text = f"needs the file `{file}` beside the kernels, which is not there"
        raise BrokenData(SourceFailed(name, file, text, None).diagnostic())
    made = module_from_spec(spec)
    sys.modules[module] = made  # dataclasses look their module up
    try:
        spec.loader.exec_module(made)
    except Exception as fault:
        raise _failed(name, file, fault) from None
    return _kind_in(made, name, file)


def _kind_in(module: ModuleType, name: str, file: str) -> type:
    for value in vars(module).values():
        if isinstance(value, type) and value.__dict__.get("_singa_kind") == ("sources", name):
            return value
    raise BrokenData(SourceFailed(name, file, f"is not in the file `{file}`", None).diagnostic())


def _failed(kind: str, file: str, fault: Exception) -> BrokenData:
    """The fault of a user's code, with the last line of the user's file on the way to it."""
    lines = [frame.lineno for frame in traceback.extract_tb(fault.__traceback__) if Path(frame.filename).name == file]
    text = f"failed: {type(fault).__name__}: {fault}".rstrip(": ")
    return BrokenData(SourceFailed(kind, file, text, lines[-1] if lines else None).diagnostic())


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
