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
        labels = sorted(labels, key=lambda label: (label is not self._one.primary, label.span.start, label.span.end))
        window = _Window(source.line(number), source.line_starts[number - 1], labels[0].span.start)
        lines = [self._gutter(str(number)) + (f" {window.shown}" if window.shown else "")]
        for label in labels:
            primary = label is self._one.primary
            start, end = window.columns(label.span)
            text = f"{('^' if primary else '-') * (end - start)} {_visible(label.text)}".rstrip()
            paint = _COLOURS[self._one.severity] if primary else _OTHER
            lines.append(self._gutter("") + " " + " " * start + self._paint(paint, text))
        return lines

    def _arrow(self, place: str) -> str:
        return " " * self._margin + self._paint(_GUTTER, "--> ") + place

    def _gutter(self, number: str) -> str:
        return self._paint(_GUTTER, f"{number:>{self._margin}} |")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


class _Window:
    """The part of a source line that is shown: all of it, or the surroundings of a place if it is very long."""

    def __init__(self, text: str, line_start: int, place: int) -> None:
        cut = len(text) > WIDTH
        self._first = max(0, min(place - line_start, len(text)) - WIDTH // 3) if cut else 0
        self._text = text[self._first : self._first + WIDTH].rstrip() if cut else text.rstrip()
        self._start = line_start + self._first
        self._before = "..." if self._first else ""
        after = "..." if cut and self._first + WIDTH < len(text) else ""
        self.shown = self._before + _expanded(self._text) + after

    def columns(self, span: Span) -> tuple[int, int]:
        """Columns on the screen, from 0, of what a span covers of this line (at least one column)."""
        start = min(max(0, span.start - self._start), len(self._text) + 1)
        end = min(max(start, span.end - self._start), len(self._text))
        left = len(self._before) + self._width_before(start)
        return left, max(left + 1, len(self._before) + self._width_before(end))

    def _width_before(self, place: int) -> int:
        beyond = max(0, place - len(self._text))  # the place after the end of a line
        return _width(_expanded(self._text[:place])) + beyond


def _line_column(span: Span) -> tuple[int, int]:
    return span.source.line_column(span.start)


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
