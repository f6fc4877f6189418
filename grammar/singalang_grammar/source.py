"""Source texts and the places in them. Knows nothing of the language."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import msgspec


@dataclass(frozen=True, eq=False)
class Source:
    """One source text, as it was read: `path` is what the user wrote (or `<set>` for a setting), `text` what it held."""

    path: str
    text: str

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of the first character of each line."""
        return (0, *(place + 1 for place, char in enumerate(self.text) if char == "\n"))

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` to `end` (not included) of a source, counted from 0."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.source, self.start, max(self.end, other.end))


PLACES = frozenset({"span", "operator_span", "input_spans"})
"""Names of the fields that say where something stands."""


class Spanned(msgspec.Struct, frozen=True, eq=False):
    """Base of records that know where they come from: two are equal when all but their places are.

    A Struct, because there are many such classes and a dataclass takes fifty times as long to make.
    """

    APART: ClassVar[frozenset[str]] = frozenset()
    """Further fields that do not count in comparisons."""

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they stand."""
        return type(other) is type(self) and isinstance(other, Spanned) and self.said() == other.said()

    def __ne__(self, other: object) -> bool:
        """The opposite: a Struct has a comparison of its own here, which would come first."""
        return not self == other

    def __hash__(self) -> int:
        """Of what counts in comparisons."""
        return hash((type(self), self.said()))

    def __repr__(self) -> str:
        """What counts in comparisons."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.said())})"

    def said(self) -> tuple[tuple[str, object], ...]:
        """The fields that count in comparisons, each with its value."""
        names = (name for name in self.__struct_fields__ if name not in PLACES and name not in self.APART)
        return tuple((name, getattr(self, name)) for name in names)
