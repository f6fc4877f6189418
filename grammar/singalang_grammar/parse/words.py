"""Source text to words (Lark's tokens), with all mistakes that show in single characters. Knows no rule of the grammar.

A mistake never stops the reading: what is meant is put in its place where that is plain (`'text'` is a string), else a word
of the type BAD, which no rule accepts.
"""

from __future__ import annotations

import re

from lark import Lark, Token, UnexpectedCharacters
from lark.lexer import LexerThread

from singalang_grammar.codes.e0001_unknown_character import UnknownCharacter
from singalang_grammar.codes.e0006_unclosed_string import UnclosedString
from singalang_grammar.codes.e0009_other_quotes import OtherQuotes
from singalang_grammar.codes.e0015_power_operator import PowerOperator
from singalang_grammar.codes.e0016_semicolon import Semicolon
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Source, Span

BAD = "BAD"
"""Type of a word that stands for unknown characters; they have been told of."""

_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|(#[^\r\n]*)')
_FORBIDDEN = re.compile("[\0\ud800-\udfff]+")  # nothing may hold these, not even a string
_QUOTES = {"'": "'", "`": "`'", "“": "”“", "”": "”“", "„": "“”", "‘": "’‘", "’": "’‘", "«": "»", "»": "«"}
_MEANT = {
    "→": ("ARROW", "->"),
    "⇒": ("ARROW", "->"),
    "−": ("ADD_OP", "-"),
    "–": ("ADD_OP", "-"),
    "×": ("MUL_OP", "*"),
    "·": ("MUL_OP", "*"),
    "÷": ("MUL_OP", "/"),
    "≤": ("CMP_OP", "<="),
    "≥": ("CMP_OP", ">="),
    "≠": ("CMP_OP", "!="),
    "…": ("DOTS", ".."),
    "&": ("AND", "and"),
    "&&": ("AND", "and"),
    "|": ("OR", "or"),
    "||": ("OR", "or"),
    "!": ("NOT", "not"),
}
_UNKNOWN = re.compile(r"&&|\|\||[^\w\s\"#(){}\[\],:=.+\-*/%<>]", re.ASCII)


class Words:
    """The words of a source, and what was wrong with its characters."""

    def __init__(self, source: Source, parser: Lark) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.problems: list[Diagnostic] = []
        self.cut_lines: set[int] = set()
        """Lines on which a string has no end, so that brackets seem to be missing."""
        self._read(parser)
        self._look_inside()

    def _read(self, parser: Lark) -> None:
        thread = LexerThread.from_text(parser.parser.lexer, self.source.text)
        assert thread.state is not None
        counter = thread.state.line_ctr
        while True:
            try:
                for token in thread.lex(None):  # type: ignore[no-untyped-call]
                    self.tokens.append(token)
                return
            except UnexpectedCharacters as fault:
                start = fault.pos_in_stream or 0
                made, end = self._mend(start)
                if made is not None:
                    kind, value = made
                    self.tokens.append(Token(kind, value, start, counter.line, counter.column, counter.line, None, end))
                counter.feed(self.source.text[start:end])

    def _mend(self, start: int) -> tuple[tuple[str, str] | None, int]:
        """The word to put in place of the characters from here on, if any, and where they end."""
        text = self.source.text
        char = text[start]
        line_end = _line_end(text, start)
        if char == "\ufeff" and start == 0:  # a byte order mark, which some editors write
            return None, 1
        if char == '"':
            self.problems.append(UnclosedString(Span(self.source, start, line_end)).diagnostic())
            self.cut_lines.add(self.source.line_column(start)[0])
            return ("STRING", '"' + re.sub(r'[\\"]', "", text[start + 1 : line_end]) + '"'), line_end
        if char in _QUOTES:
            return self._mend_quotes(start, line_end)
        if char == ";":
            self.problems.append(Semicolon(Span(self.source, start, start + 1)).diagnostic())
            return None, start + 1
        if char == "^":
            self.problems.append(PowerOperator(Span(self.source, start, start + 1)).diagnostic())
            return ("MUL_OP", "*"), start + 1
        return self._mend_unknown(start)

    def _mend_quotes(self, start: int, line_end: int) -> tuple[tuple[str, str] | None, int]:
        text = self.source.text
        ends = [place for place in (text.find(quote, start + 1, line_end) for quote in _QUOTES[text[start]]) if place >= 0]
        if not ends:
            return self._mend_unknown(start)
        end = min(ends) + 1
        inner = re.sub(r'[\\"]', "", text[start + 1 : end - 1])
        self.problems.append(OtherQuotes(Span(self.source, start, end), inner).diagnostic())
        return ("STRING", f'"{inner}"'), end

    def _mend_unknown(self, start: int) -> tuple[tuple[str, str] | None, int]:
        text = self.source.text
        for width in (2, 1):
            written = text[start : start + width]
            if meant := _MEANT.get(written):
                end = start + len(written)
                self.problems.append(UnknownCharacter(Span(self.source, start, end), f"`{meant[1]}`").diagnostic())
                return meant, end
        end = start + 1
        while end < len(text) and not text[end].isspace() and _UNKNOWN.match(text[end]) and not text[end].isalnum():
            end += 1
        self.problems.append(UnknownCharacter(Span(self.source, start, end)).diagnostic())
        return (BAD, text[start:end]), end

    def _look_inside(self) -> None:
        """Finds characters that not even a string or a comment may hold."""
        for match in _FORBIDDEN.finditer(self.source.text):
            span = Span(self.source, *match.span())
            if not any(
                found.primary and found.primary.span.end > span.start >= found.primary.span.start for found in self.problems
            ):
                self.problems.append(UnknownCharacter(span).diagnostic())


def comments_of(text: str) -> list[tuple[int, str]]:
    """Place and text of every comment of a text that has no mistake in its characters."""
    return [(match.start(1), match[1].rstrip()) for match in _TEXT_OR_COMMENT.finditer(text) if match[1] is not None]


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return end - 1 if end > start and text[end - 1] == "\r" else end
