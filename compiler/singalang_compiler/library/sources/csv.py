"""The source `csv`: numbers in a text file, a record a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Literal

from singalang_compiler.library.contract import Records, Source, SourceError, Wanted
from singalang_compiler.library.kinds import source
from singalang_compiler.library.reading.columns import ArrayRecords, Binding, stored
from singalang_compiler.library.reading.csv_format import CsvText
from singalang_compiler.library.tensors import TensorSpec


@source("csv")
class Csv(Source):
    """Numbers in a text file, one record on each line; the file may be packed with gzip.

    Without a header fields take their values by place: a line holds the label and the features. The label is the last field
    declared `class(n)` without a shape; the other fields share the rest of the line in the order declared. With a header a field of
    one value takes the column of its name, and the fields that no column is named after share the other columns as before.
    Numbers have a decimal point and may be quoted; blank lines count for nothing.
    """

    path: str  # the file
    header: bool = False  # whether the first line holds the names of the columns
    separator: str = ","  # the characters that separate values: each of them does; a blank alone: any run of blanks
    comment: str | None = "#"  # lines that begin so are left out
    label: Literal["first", "last"] = "first"  # where on a line the label stands
    stored: Literal["f32", "f64", "u8"] = "f32"  # how the features travel: `f64` for 64-bit numbers, `u8` for bytes

    def storage(self, field: TensorSpec) -> str:
        """32-bit numbers for features unless the program says otherwise."""
        return "int32" if field.dtype == "i32" else {"f32": "float32", "u8": "uint8", "f64": "float64"}[self.stored]

    def files(self) -> tuple[str, ...]:
        """The text."""
        return (self.path,)

    def single(self, path: str) -> Source:
        """A text of one line without a header."""
        return replace(self, path=path, header=False, stored="f64")

    def open(self, folder: Path, split: str, wanted: Sequence[Wanted]) -> Records:
        """Reads the text whole."""
        text = CsvText.of(folder, self.path, self.header, self.separator, self.comment)
        values = text.values()
        columns = self._columns(text, values.shape[1], wanted)
        try:
            made = tuple(stored(values[:, columns[field.name]], field, text.place) for field in wanted)
        except SourceError as fault:
            if fault.problem == "value" and not text.names and any(field.classes for field in wanted):
                other = "last" if self.label == "first" else "first"
                fault.hint = f"the label is taken from the {self.label} column; where it stands {other}, write `label = {other}`"
            raise
        return ArrayRecords(made, len(values))

    def _columns(self, text: CsvText, count: int, wanted: Sequence[Wanted]) -> dict[str, list[int]]:
        """The columns of each field, by name of the field."""
        named = {field.name: [text.names.index(field.name)] for field in wanted if _one(field) and field.name in text.names}
        taken = {column for columns in named.values() for column in columns}
        rest = [column for column in range(count) if column not in taken]
        placed = Binding.of([field for field in wanted if field.name not in named])
        if placed.label is not None:
            self._check(placed, len(rest) - 1, text)
            named[placed.label.name] = [rest.pop(0 if self.label == "first" else -1)]
        elif not text.names and placed.features and len(rest) == placed.size + 1:
            rest.pop(0 if self.label == "first" else -1)  # a label that nobody wants, as in prediction
        self._check(placed, len(rest), text)
        start = 0
        for field in placed.features:
            named[field.name] = rest[start : start + prod(field.shape)]
            start += prod(field.shape)
        return named

    def _check(self, placed: Binding, features: int, text: CsvText) -> None:
        if placed.label is not None and features < 0:
            raise SourceError("shape", f"no column is left for `{placed.label.name}`", where=text.place(0))
        if placed.label is not None and features == placed.size - 1:
            hint = f"no column is left for `{placed.label.name}`: a line holds the label and {placed.size} values"
        elif text.names:
            hint = "a field of one value takes the column of its name; the other fields share the other columns"
        else:
            hint = "a line holds the label, if one is declared, and the values of the other fields; is the separator right?"
        if placed.features or placed.label is not None:
            placed.check(features, text.place(0), hint)


def _one(field: Wanted) -> bool:
    return prod(field.shape) == 1
