"""The source `kvfile`: the record files of Apache SINGA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from singalang_compiler.library.contract import Records, Source, SourceError, Wanted
from singalang_compiler.library.kinds import source
from singalang_compiler.library.reading.columns import Array, Binding
from singalang_compiler.library.reading.kvfile_format import KvFile
from singalang_compiler.library.reading.record_proto import BrokenProto, RecordLayout, label_of
from singalang_compiler.library.tensors import TensorSpec

_LONGEST_LABEL = 4  # bytes of a label that are decoded for many records at once


@source("kvfile")
class KvRecords(Source):
    """Records that Apache SINGA's tools wrote: a kvfile of RecordProtos, which hold a label and pixels or numbers.

    Fields take their values by place: the label is the last field that is declared `class(n)` without a shape; the other
    fields share the pixels, or the numbers where a record has any, in the order declared. The file is never loaded whole.
    Source: SINGA v0.3, `KVFile` and `RecordProto`.
    """

    path: str  # the file, or a folder that holds `shard.dat`
    stored: Literal["u8", "f32"] = "u8"  # how the features travel: `u8` for records of pixels, `f32` for records of numbers

    def storage(self, field: TensorSpec) -> str:
        """Bytes for features unless the program says otherwise."""
        if field.dtype == "i32":
            return "int32"
        return "uint8" if self.stored == "u8" else "float32"

    def files(self) -> tuple[str, ...]:
        """The file or its folder."""
        return (self.path,)

    def single(self, path: str) -> Source:
        """A kvfile of one record."""
        return replace(self, path=path, stored="f32")

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Finds the places of the records, and reads the first one to see that it fits."""
        import numpy as np

        records = _Records(KvFile.of(folder, self.path), tuple(wanted))
        records.read(np.zeros(1, np.int64))
        return records


@dataclass(frozen=True, slots=True)
class _Records:
    file: KvFile
    wanted: tuple[Wanted, ...]

    def __len__(self) -> int:
        return len(self.file)

    def read(self, numbers: Array) -> tuple[Array, ...]:
        import numpy as np

        if not len(numbers):
            return tuple(np.empty((0, *field.shape), field.storage) for field in self.wanted)
        chosen: list[int] = numbers.tolist()
        values = self.file.values(chosen)
        binding = Binding.of(self.wanted)
        features, labels = self._alike(values, chosen, binding) or self._apart(values, chosen, binding)
        return binding.fields(self.wanted, features, labels, lambda row: self.file.place(chosen[row]))

    def _alike(self, values: list[bytes], numbers: list[int], binding: Binding) -> tuple[Array | None, Array | None] | None:
        """Features and labels at one go, where all records are encoded alike but for pixels, numbers and labels; else None."""
        import numpy as np

        if any(len(value) != len(values[0]) for value in values):
            return None
        layout = self._layout(values[0], numbers[0])
        runs = layout.data or ((layout.pixel,) if layout.pixel else ())
        start, end = layout.label or (0, 0)
        if len(runs) > 1 or end - start > _LONGEST_LABEL:
            return None
        bytes_of = np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)
        fixed = np.ones(bytes_of.shape[1], bool)
        for first, last in (*runs, (start, end)):
            fixed[first:last] = False
        label = bytes_of[:, start:end]
        if (bytes_of[:, fixed] != bytes_of[0, fixed]).any() or ((label ^ label[0]) & 0x80).any():
            return None
        self._check(layout, numbers[0], binding)
        features = None
        if runs:
            cut = bytes_of[:, slice(*runs[0])]
            features = np.ascontiguousarray(cut).view("<f4") if layout.data else cut
        weights = np.left_shift(1, 7 * np.arange(end - start))
        return features, (label & 0x7F) @ weights if layout.label else None

    def _apart(self, values: list[bytes], numbers: list[int], binding: Binding) -> tuple[Array | None, Array | None]:
        """Features and labels, a record at a time."""
        import numpy as np

        features: list[Array] = []
        labels: list[int] = []
        for value, number in zip(values, numbers, strict=True):
            layout = self._layout(value, number)
            self._check(layout, number, binding)
            if binding.label is not None:
                assert layout.label is not None
                labels.append(label_of(value, layout.label))
            if layout.data:
                features.append(np.frombuffer(b"".join(value[start:end] for start, end in layout.data), "<f4"))
            elif layout.pixel:
                features.append(np.frombuffer(value[slice(*layout.pixel)], np.uint8))
        return np.stack(features) if binding.features else None, np.array(labels) if binding.label is not None else None

    def _layout(self, value: bytes, number: int) -> RecordLayout:
        try:
            return RecordLayout.of(value)
        except BrokenProto as fault:
            hint = "the file should hold RecordProtos, as SINGA's tools write them"
            raise SourceError("corrupt", f"the record is damaged: {fault}", where=self.file.place(number), hint=hint) from None

    def _check(self, layout: RecordLayout, number: int, binding: Binding) -> None:
        """That a record has what is wanted, and as much of it."""
        where = self.file.place(number)
        if binding.label is not None and layout.label is None:
            raise SourceError("column", f"the record has no label for `{binding.label.name}`", where=where)
        if not binding.features:
            return
        if layout.data:
            size = sum(end - start for start, end in layout.data) // 4
        else:
            size = layout.pixel[1] - layout.pixel[0] if layout.pixel else 0
        binding.check(size, where)
        narrow = next((field.name for field in binding.features if field.storage == "uint8"), None)
        if layout.data and narrow is not None:
            text = f"the record holds numbers, but `{narrow}` travels as bytes"
            raise SourceError("value", text, where=where, hint="write `stored = f32` in the source")
