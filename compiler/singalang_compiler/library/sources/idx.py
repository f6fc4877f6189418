"""The source `idx`: files in the format of MNIST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from singalang_compiler.library.contract import Records, Source, SourceError, Wanted
from singalang_compiler.library.kinds import source
from singalang_compiler.library.reading.columns import Array, ArrayRecords, Binding, stored
from singalang_compiler.library.reading.files import read_whole
from singalang_compiler.library.reading.idx_format import decode_idx
from singalang_compiler.library.tensors import TensorSpec


@source("idx")
class Idx(Source):
    """Images and labels in two IDX files, the format of MNIST; either may be packed with gzip.

    Fields take their values by place: the label is the last field that is declared `class(n)` without a shape, the other
    fields share the values of an image in the order declared.
    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", 1998.
    """

    images: str  # file of the images, or of any other features
    labels: str | None = None  # file of the labels
    stored: Literal["u8", "f32"] = "u8"  # how the features travel: as bytes, or as 32-bit numbers for files of other types

    def storage(self, field: TensorSpec) -> str:
        """Bytes for features unless the program says otherwise."""
        if field.dtype == "i32":
            return "int32"
        return "uint8" if self.stored == "u8" else "float32"

    def files(self) -> tuple[str, ...]:
        """Both files."""
        return (self.images,) if self.labels is None else (self.images, self.labels)

    def single(self, path: str) -> Source:
        """A file of one record."""
        return replace(self, images=path, labels=None, stored="f32")

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Reads both files whole."""
        binding = Binding.of(wanted)
        images = self._images(folder, binding) if binding.features else None
        labels = self._labels(folder, binding.label) if binding.label is not None else None
        if images is not None and labels is not None and len(labels) != len(images):
            text = f"there are {len(labels)} labels for {len(images)} records in `{self.images}`"
            raise SourceError("corrupt", text, where=str(self.labels), hint="take two files that belong together")
        first = images if images is not None else labels
        assert first is not None, "a source is asked for at least one field"
        return ArrayRecords(binding.fields(wanted, images, labels, self._place), len(first))

    def _images(self, folder: Path, binding: Binding) -> Array:
        images = decode_idx(read_whole(folder, self.images), self.images)
        if self.stored == "u8" and images.dtype.str != "|u1":
            text = f"the values are of type {images.dtype.name}, not bytes"
            raise SourceError("value", text, where=self.images, hint="write `stored = f32` in the source")
        images = images.reshape(len(images), -1)
        binding.check(images.shape[1], self.images, "the file of the images comes first, then the file of the labels")
        return images

    def _labels(self, folder: Path, label: Wanted) -> Array:
        if self.labels is None:
            text = f"there is no file for `{label.name}`"
            hint = f'name the file of the labels too: `idx("{self.images}", "labels")`'
            raise SourceError("column", text, where=self.images, hint=hint)
        labels = decode_idx(read_whole(folder, self.labels), self.labels)
        if labels.ndim > 1 and labels[0].size > 1:
            text = f"a record has {labels[0].size} values, but `{label.name}` takes one"
            raise SourceError(
                "shape", text, where=self.labels, hint="the file of the images comes first, then the file of the labels"
            )
        return stored(labels.reshape(len(labels)), label, lambda number: f"{self.labels}, record {number + 1}")

    def _place(self, number: int) -> str:
        return f"{self.images}, record {number + 1}"
