"""Texts of numbers: lines, quotes, names of columns; every fault with its line. Knows no field."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singalang_compiler.library.contract import SourceError
from singalang_compiler.library.reading.files import read_whole

if TYPE_CHECKING:
    import numpy as np

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvText:
    """The lines of a text that hold records, their numbers in the file, and the names of the columns (empty without a header)."""

    path: str
    lines: Sequence[str]
    numbers: Sequence[int]
    separator: str
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path, path: str, header: bool, separator: str, comment: str | None) -> CsvText:
        """The text that the user calls `path`. Raises SourceError (`missing`, `corrupt`, `empty`)."""
        if not separator or set(separator) & set('"\n\r'):
            raise SourceError("corrupt", f"`{separator}` cannot separate values", where=path, hint='write `separator = ","`')
        text = _decoded(read_whole(folder, path), path).replace("\r\n", "\n").replace("\r", "\n")
        for other in separator[1:]:
            text = text.replace(other, separator[0])
        lines: list[str] = []
        numbers: list[int] = []
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() and not (comment and line.lstrip().startswith(comment)):
                lines.append(line)
                numbers.append(number)
        names: tuple[str, ...] = ()
        if header and lines:
            names = tuple(name.strip() for name in _split(lines.pop(0), separator[0], f"{path}, line {numbers.pop(0)}"))
        if not lines:
            raise SourceError("empty", "the file holds no record", where=path)
        return cls(path, lines, numbers, separator[0], names)

    def place(self, number: int) -> str:
        """Where the record of this number, counted from 0, stands."""
        return f"{self.path}, line {self.numbers[number]}"

    def values(self) -> np.ndarray[Any, Any]:
        """All values, float64, (records, columns). Raises SourceError (`corrupt`, `value`), with the line."""
        import numpy as np

        columns = len(_split(self.lines[0], self.separator, self.place(0)))
        if self.names and columns != len(self.names):
            text = f"the line has {columns} values, but the header has {len(self.names)} names"
            raise SourceError("corrupt", text, where=self.place(0))
        delimiter = None if self.separator == " " else self.separator
        try:
            values = np.loadtxt(self.lines, delimiter=delimiter, comments=None, quotechar='"', ndmin=2)
        except ValueError:
            return np.array(self._slowly(columns))
        if values.shape != (len(self.lines), columns):
            return np.array(self._slowly(columns))
        return values

    def _slowly(self, columns: int) -> list[list[float]]:
        """The values again, a line at a time, so that a fault is told with its line."""
        made: list[list[float]] = []
        for number, line in enumerate(self.lines):
            words = _split(line, self.separator, self.place(number))
            if len(words) != columns:
                text = f"the line has {len(words)} values, but the lines before it have {columns}"
                raise SourceError("corrupt", text, where=self.place(number))
            for word in words:
                if not _NUMBER.fullmatch(word.strip()):
                    raise self._not_a_number(word.strip(), number)
            made.append([float(word) for word in words])
        return made

    def _not_a_number(self, word: str, number: int) -> SourceError:
        text = f"`{word[:40]}` is not a number" if word else "a value is missing between two separators"
        hint = None
        if number == 0 and not self.names:
            hint = "if the first line holds the names of the columns, write `header = true`"
        elif "," in word:
            hint = "numbers are written with a decimal point"
        return SourceError("value", text, where=self.place(number), hint=hint)


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise SourceError("corrupt", "the file is not a text in UTF-8", where=f"{path}, line {line}") from None


def _split(line: str, separator: str, where: str) -> list[str]:
    if line.count('"') % 2:
        raise SourceError("corrupt", "the quotes of the line do not match", where=where)
    if separator == " ":
        return [word.strip('"') for word in line.split()]
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error as fault:
        raise SourceError("corrupt", f"the line cannot be taken apart: {fault}", where=where) from None
