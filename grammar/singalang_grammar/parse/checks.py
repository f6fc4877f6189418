"""What every text is looked through for before it is parsed: readings that the grammar takes and that are never meant."""

from __future__ import annotations

import re
import unicodedata

from lark import Token

from singalang_grammar.codes.e0003_continued_line import ContinuedLine
from singalang_grammar.codes.e0007_too_deep import TooDeep
from singalang_grammar.codes.e0011_malformed_number import MalformedNumber
from singalang_grammar.codes.e0012_size_with_x import SizeWithX
from singalang_grammar.codes.e0027_unknown_escape import UnknownEscape
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.literals import ESCAPES, NUMBER
from singalang_grammar.parse.place import CLOSERS, ENDS_VALUE, OPENERS, end_of_statement, glued, line_of, span_of
from singalang_grammar.source import Source, Span

BRACKET_LIMIT = 64
"""Brackets and braces that may be open at one place."""

_LONGEST_NUMBER = 400
_SIZE = re.compile(r"[1-9][0-9]*(?:x[0-9]+)+(?![0-9A-Za-z_.])")
_ESCAPE = re.compile(r"\\(.)")


class Checks:
    """One look through the words. `tokens` are the words that are left to be parsed."""

    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.problems: list[Diagnostic] = []
        self.broken: list[Span] = []
        self.too_deep = False
        self._open: list[str] = []
        self._gone: set[int] = set()
        self._look()
        if self._gone:
            self.tokens = [token for place, token in enumerate(tokens) if place not in self._gone]

    def _look(self) -> None:
        before: Token | None = None
        for place, token in enumerate(self.tokens):
            kind = token.type
            if kind in OPENERS:
                self._open.append(kind)
                if len(self._open) > BRACKET_LIMIT and not self.too_deep:
                    self.too_deep = True
                    self.problems.append(TooDeep(span_of(self.source, token), BRACKET_LIMIT).diagnostic())
            elif kind in CLOSERS:
                if self._open:
                    self._open.pop()
            elif kind == "NUMBER":
                self._number(place, token, before)
            elif kind == "STRING":
                self._escapes(token)
            elif kind == "DOT" and before is not None and before.type == "NUMBER":
                self._dot(place, token, before)
            if (
                before is not None
                and before.type in ENDS_VALUE
                and kind in ("LPAR", "LSQB", "ADD_OP")
                and line_of(before) < line_of(token)
            ):
                self._continued(place, token, before)
            before = token

    def _continued(self, place: int, token: Token, before: Token) -> None:
        """E0003, but for a sum between parentheses, where nobody errs."""
        if place in self._gone:
            return
        if token.type == "ADD_OP":
            if self._open and self._open[-1] != "LBRACE":
                return
        else:
            end = end_of_statement(self.tokens, place, place)
            self._gone.update(range(place, end))
            self.broken.append(span_of(self.source, token, self.tokens[end - 1]))
        self.problems.append(ContinuedLine(span_of(self.source, token), span_of(self.source, before)).diagnostic())

    def _number(self, place: int, token: Token, before: Token | None) -> None:
        if before is not None and before.type == "NUMBER" and glued(before, token):
            self._two_numbers(place, token, before)
            return
        text = token.value
        if len(text) <= _LONGEST_NUMBER and NUMBER.fullmatch(text):
            return
        right = _plain(text) if len(text) <= _LONGEST_NUMBER else None
        self.problems.append(MalformedNumber(span_of(self.source, token), right).diagnostic())
        self.tokens[place] = token.update(value=right or "1")

    def _two_numbers(self, place: int, token: Token, before: Token) -> None:
        """`3x3`, which reads as `3x` and `3`, or `0x10`, or `1.5.2`."""
        if place in self._gone:  # the third number of `3x3x3`
            return
        self._gone.add(place)
        span = span_of(self.source, before, token)
        size = _SIZE.match(self.source.text, span.start)
        if size:
            following = (other for other in range(place, len(self.tokens)) if (self.tokens[other].start_pos or 0) >= size.end())
            self._gone.update(range(place, next(following, len(self.tokens))))
            parts = tuple(size[0].split("x"))
            self.problems.append(SizeWithX(Span(self.source, *size.span()), parts).diagnostic())
            right: str | None = parts[0]
        else:
            right = _other_base(span.text)
            self.problems.append(MalformedNumber(span, right).diagnostic())
        whole = before.update(value=right or re.sub(r"(?<=[0-9])\D.*", "", before.value))
        whole.end_pos = size.end() if size else token.end_pos
        self.tokens[place - 1] = whole

    def _dot(self, place: int, token: Token, before: Token) -> None:
        self._gone.add(place)
        if place + 1 < len(self.tokens) and self.tokens[place + 1].type == "NAME" and glued(token, self.tokens[place + 1]):
            self._gone.add(place + 1)
        self.problems.append(MalformedNumber(span_of(self.source, before, token), f"{before.value}.0").diagnostic())

    def _escapes(self, token: Token) -> None:
        if "\\" not in token.value:
            return
        for match in _ESCAPE.finditer(token.value):
            if match[1] not in ESCAPES:
                start = (token.start_pos or 0) + match.start()
                self.problems.append(UnknownEscape(Span(self.source, start, start + 2)).diagnostic())
                return


def _plain(text: str) -> str | None:
    """The number as it should be written: decimal digits of ASCII, single `_` between digits."""
    digits = "".join(str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char for char in text)
    right = re.sub(r"_+(?![0-9])", "", re.sub(r"_+", "_", digits))
    return right if NUMBER.fullmatch(right) else None


def _other_base(text: str) -> str | None:
    """What `0x10` would be elsewhere."""
    try:
        return str(int(text, 0))
    except ValueError:
        return None
