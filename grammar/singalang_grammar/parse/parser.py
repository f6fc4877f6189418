"""The parser's two doors: a whole file, and one expression. What lies behind them nobody else needs to know."""

from __future__ import annotations

from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.parse.recover import Reading, read
from singalang_grammar.parse.words import comments_of
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Comment, Expr, Program


def parse(source: Source) -> Outcome[Program]:
    """The syntax tree of a file, with all its mistakes of syntax.

    With mistakes, the program is what is left without the broken statements; it is None only where nothing can be made of
    the text. No tree is deeper than 200 levels, so it may be walked by recursion.
    """
    reading = read(source, "start")
    if reading.value is None:
        return Outcome(None, _in_order(reading))
    comments = tuple(Comment(text, Span(source, start, start + len(text))) for start, text in comments_of(source.text))
    broken = tuple(sorted(reading.broken, key=lambda span: (span.start, span.end)))
    return Outcome(Program(reading.value, source, comments, broken), _in_order(reading))


def parse_expression(source: Source) -> Outcome[Expr]:
    """The one expression that the whole text is, such as the value in `--set lr=3e-4`."""
    reading = read(source, "expr")
    return Outcome(reading.value, _in_order(reading))


def _in_order(reading: Reading) -> tuple[Diagnostic, ...]:
    def place(found: Diagnostic) -> int:
        return found.primary.span.start if found.primary else 0

    return tuple(sorted(dict.fromkeys(reading.problems), key=place))
