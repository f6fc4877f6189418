"""Diagnostics as text for people: source lines with the faults underlined. Knows no code and no stage."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from singalang_grammar.diagnostics import Diagnostic, Label, Severity
from singalang_grammar.render.order import in_order
from singalang_grammar.source import Source, Span

TAB = 4
WIDTH = 160
"""Columns of a source line that are shown at most."""

_RESET = "\x1b[0m"
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}
_GUTTER, _OTHER, _BOLD = "\x1b[1;34m", "\x1b[1;34m", "\x1b[1m"


def render(diagnostics: Iterable[Diagnostic], colour: bool) -> str:
    """All diagnostics in the order of files and places, each once, and a last line that counts them; empty if there are none."""
    found = in_order(diagnostics)
    if not found:
        return ""
    return "\n\n".join([*("\n".join(_Page(one, colour).lines()) for one in found), _count(found)])


def _count(found: Sequence[Diagnostic]) -> str:
    counts = [(sum(one.severity is severity for one in found), severity.value) for severity in Severity]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)


class _Page:
    """One diagnostic on its way to text."""

    def __init__(self, diagnostic: Diagnostic, colour: bool) -> None:
        self._one = diagnostic
        self._colour = colour
        labels = [*([diagnostic.primary] if diagnostic.primary else []), *diagnostic.secondary]
        self._labels = list(dict.fromkeys(labels))
        self._margin = max([len(str(_line_column(label.span)[0])) for label in labels], default=1)

    def lines(self) -> list[str]:
        one = self._one
        head = self._paint(_COLOURS[one.severity], f"{one.severity}[{one.code}]") + self._paint(_BOLD, f": {_visible(one.title)}")
        lines = [head]
        if one.primary is None and one.where:
            lines.append(self._arrow(_visible(one.where)))
        for labels in self._by_source():
            lines += self._block(labels)
        if one.hint:
            lines.append(" " * self._margin + self._paint(_GUTTER, " = ") + f"hint: {_visible(one.hint)}")
        return lines

    def _by_source(self) -> list[list[Label]]:
        """The labels of each source text, that of the primary label first."""
        groups: dict[Source, list[Label]] = {}
        for label in self._labels:
            groups.setdefault(label.span.source, []).append(label)
        return list(groups.values())

    def _block(self, labels: list[Label]) -> list[str]:
        """`--> file:line:column` and the lines that the labels are on, with `...` where lines are left out."""
        first = labels[0].span
        line, column = _line_column(first)
        lines = [self._arrow(f"{_visible(first.source.path)}:{line}:{column}")]
        by_line: dict[int, list[Label]] = {}
        for label in labels:
            by_line.setdefault(_line_column(label.span)[0], []).append(label)
        before: int | None = None
        for number in sorted(by_line):
            if before is not None and number > before + 1:
                lines.append("...")
            lines += self._line(first.source, number, by_line[number])
            before = number
        return lines

    def _line(self, source: Source, number: int, labels: list[Label]) -> list[str]:
        """A source line, and under it a row for each label, the primary one first."""
        text = source.line(number)
        marks = [(*_columns(text, source, label.span), label) for label in labels]
        marks.sort(key=lambda mark: (mark[2] is not self._one.primary, mark[0], mark[1]))
        shown, skipped = _clipped(_expanded(text), marks[0][0])
        lines = [self._gutter(str(number)) + (" " + shown if shown else "")]
        for start, end, label in marks:
            primary = label is self._one.primary
            paint = _COLOURS[self._one.severity] if primary else _OTHER
            start, end = max(0, start - skipped), min(max(end - skipped, start - skipped + 1), _width(shown))
            sign = ("^" if primary else "-") * max(1, end - start)
            lines.append(self._gutter("") + " " + " " * start + self._paint(paint, f"{sign} {_visible(label.text)}".rstrip()))
        return lines

    def _arrow(self, place: str) -> str:
        return " " * self._margin + self._paint(_GUTTER, "--> ") + place

    def _gutter(self, number: str) -> str:
        return self._paint(_GUTTER, f"{number:>{self._margin}} |")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def _line_column(span: Span) -> tuple[int, int]:
    return span.source.line_column(span.start)


def _columns(text: str, source: Source, span: Span) -> tuple[int, int]:
    """Columns on the screen, from 0, of what a span covers of its first line (at least one column)."""
    _, column = _line_column(span)
    start = column - 1
    end = min(start + span.end - span.start, max(len(text.rstrip()), start + 1))
    left = _width(_expanded(text[:start]))
    return left, max(left + 1, _width(_expanded(text[:end])))


def _clipped(text: str, column: int) -> tuple[str, int]:
    """The part of a long line around a column, and how many columns were left out before it."""
    if _width(text) <= WIDTH:
        return text, 0
    first = max(0, column - WIDTH // 3)
    left, place = 0, 0
    while left < first and place < len(text):
        left += _width(text[place])
        place += 1
    end = place
    while end < len(text) and _width(text[place : end + 1]) <= WIDTH - 6:
        end += 1
    before, after = ("..." if place else ""), ("..." if end < len(text) else "")
    return before + text[place:end] + after, left - len(before)


def _expanded(text: str) -> str:
    """Text with tabs as blanks, and characters that a terminal would act on made visible."""
    parts, column = [], 0
    for char in text:
        shown = " " * (TAB - column % TAB) if char == "\t" else _visible(char)
        parts.append(shown)
        column += _width(shown)
    return "".join(parts)


def _visible(text: str) -> str:
    """Text without control characters, halves of surrogate pairs and marks that turn the direction of writing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(char) in ("Cc", "Cs", "Cf") else char for char in text)


def _width(text: str) -> int:
    """Columns that a text takes on the screen."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
