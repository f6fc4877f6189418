"""Source kinds from a plan's records: the library's own, and a user's from the file beside the kernels. Knows no batch."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.library import kinds
from singalang_compiler.library.contract import Records, Source, SourceError
from singalang_compiler.plan import FieldRecord, KindRecord
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.codes.e0610_source_failed import SourceFailed
from singalang_runtime.feed.faults import BrokenData

Array: TypeAlias = np.ndarray[Any, Any]


def source_of(record: KindRecord, beside: Path, written: Mapping[str, str]) -> Source:
    """The source that a plan names; a user's file lies in `beside`, the folder of the kernels. Raises BrokenData.

    `written` says how a user calls such a file, by its name there.
    """
    attributes = {name: _frozen(value) for name, value in record.attributes.items()}
    if record.file is not None:
        mine = _Mine(record.kind, beside / record.file, written.get(record.file, record.file))
        return _UserSource(mine, mine.load(attributes))
    kind = kinds.find("sources", record.kind)
    if kind is None or kind.cls is None:
        raise CompilerBug(f"the plan names a source kind `{record.kind}`, which this singalang does not have")
    source: Source = kind.cls(**attributes)
    return source


@dataclass(frozen=True, slots=True)
class _Mine:
    """A source kind of a user: its name, its file, and how the user calls the file."""

    kind: str
    path: Path
    shown: str

    def load(self, attributes: dict[str, Any]) -> Source:
        """The source; runs the user's file."""
        module = f"singalang_user_{hashlib.sha256(self.path.name.encode()).hexdigest()[:16]}"
        spec = spec_from_file_location(module, self.path)
        if spec is None or spec.loader is None or not self.path.is_file():
            raise self.broken(f"needs the file `{self.path.name}` beside the kernels, which is not there")
        made = module_from_spec(spec)
        sys.modules[module] = made  # dataclasses look their module up
        try:
            spec.loader.exec_module(made)
            found = [value for value in vars(made).values() if isinstance(value, type) and self._is_kind(value)]
            source: Source | None = found[0](**attributes) if found else None
        except Exception as fault:
            raise self.failed(fault) from None
        if source is None:
            raise self.broken(f"is not in the file `{self.shown}`")
        return source

    def broken(self, text: str, line: int | None = None) -> BrokenData:
        """A promise that the source broke."""
        return BrokenData(SourceFailed(self.kind, self.shown, text, line).diagnostic())

    def failed(self, fault: Exception) -> BrokenData:
        """The fault of a user's code, with the last line of the user's file on the way to it."""
        frames = traceback.extract_tb(fault.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename).name == self.path.name]
        if isinstance(fault, SyntaxError) and fault.filename == str(self.path):
            lines.append(fault.lineno)
        words = fault.msg if isinstance(fault, SyntaxError) else str(fault)
        return self.broken(f"failed: {type(fault).__name__}: {words}".rstrip(": "), lines[-1] if lines else None)

    def _is_kind(self, cls: type) -> bool:
        return cls.__dict__.get("_singa_kind") == ("sources", self.kind)


@dataclass(frozen=True, slots=True)
class _UserSource(Source):
    """A user's source kind, with its faults caught and its promises checked."""

    mine: _Mine
    source: Source

    def files(self) -> tuple[str, ...]:
        try:
            return tuple(self.source.files())
        except Exception as fault:
            raise self.mine.failed(fault) from None

    def single(self, path: str) -> Source | None:
        try:
            return self.source.single(path)
        except Exception as fault:
            raise self.mine.failed(fault) from None

    def open(self, folder: Path, split: str, wanted: Sequence[Any]) -> Records:
        try:
            records = self.source.open(folder, split, wanted)
            count = len(records)
        except SourceError:
            raise
        except Exception as fault:
            raise self.mine.failed(fault) from None
        guarded = _UserRecords(self.mine, records, count, tuple(wanted))
        if count:
            guarded.read(np.zeros(1, np.int64))
        return guarded


@dataclass(frozen=True, slots=True)
class _UserRecords:
    mine: _Mine
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
            raise self.mine.failed(fault) from None
        if len(arrays) != len(self.wanted):
            raise self.mine.broken(f"gave {len(arrays)} fields where {len(self.wanted)} were wanted")
        for array, field in zip(arrays, self.wanted, strict=True):
            shape = (len(numbers), *field.shape)
            if array.shape != shape or array.dtype != field.storage:
                raise self.mine.broken(
                    f"gave `{field.name}` as {array.dtype} {list(array.shape)}, and not as {field.storage} {list(shape)}"
                )
            if field.classes is not None and array.size and not 0 <= array.min() <= array.max() < field.classes:
                raise self.mine.broken(f"gave a `{field.name}` outside the classes 0 to {field.classes - 1}")
        return arrays


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
