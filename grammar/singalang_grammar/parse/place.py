"""Where words stand: lines, indentation, the ends of statements. Layout means nothing in the language; it is a guide to what
a broken text was meant to say."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from singalang_grammar.source import Source, Span

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = frozenset(OPENERS.values())
CLOSING_TEXT = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}

ENDS_VALUE = frozenset({"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "TRUE", "FALSE", "NONE"})
ITEM_WORDS = frozenset({"IMPORT", "ARG", "BLOCK", "ON", "RETURN"})
"""Words that nothing but an item of a file or body begins with."""

WORDS = ITEM_WORDS | {"ALL", "AND", "ELSE", "FALSE", "FOR", "FROM", "IF", "IN", "NONE", "NOT", "OR", "THEN", "TRUE", "WHEN"}
"""The reserved words."""

WANTS_MORE = frozenset(
    {"EQUAL", "ARROW", "ADD_OP", "MUL_OP", "CMP_OP", "AND", "OR", "NOT", "DOTS", "IN", "COLON", "THEN", "ELSE", "IF"}
)
"""Words and signs after which a statement cannot end."""


def span_of(source: Source, first: Token, last: Token | None = None) -> Span:
    """The text of a word, or of all from one word to another."""
    return Span(source, first.start_pos or 0, (last or first).end_pos or 0)


def begins_line(tokens: Sequence[Token], at: int) -> bool:
    """Whether this word is the first of its line."""
    return at == 0 or line_of(tokens[at - 1]) < line_of(tokens[at])


def line_of(token: Token) -> int:
    """Line of a word, counted from 1."""
    return token.line or 1


def glued(left: Token, right: Token) -> bool:
    """Whether two words touch."""
    return left.end_pos == right.start_pos


def indents(tokens: Sequence[Token]) -> dict[int, int]:
    """Column of the first word of each line that has words."""
    found: dict[int, int] = {}
    for token in tokens:
        found.setdefault(line_of(token), token.column or 1)
    return found


def looks_like_item(tokens: Sequence[Token], at: int) -> bool:
    """Whether an item seems to begin with this word: the first of its line, and not the rest of something."""
    if not begins_line(tokens, at) or (at and tokens[at - 1].type in WANTS_MORE):
        return False
    kind = tokens[at].type
    if kind in ITEM_WORDS or kind == "WHEN":
        return True
    following = [token.type for token in tokens[at + 1 : at + 3]]
    return kind == "NAME" and (
        following[:1] in (["EQUAL"], ["COLON"], ["LBRACE"], ["ARROW"], ["DOT"]) or following == ["NAME", "LBRACE"]
    )


def end_of_statement(tokens: Sequence[Token], first: int, at: int) -> int:
    """The place after the statement that begins at `first` and is wrong at `at`. Brackets are whole in it."""
    depth = 0
    for place in range(first, len(tokens)):
        kind = tokens[place].type
        if depth == 0 and place >= at and place > first and looks_like_item(tokens, place):
            return place
        if kind in OPENERS:
            depth += 1
        elif kind in CLOSERS:
            if depth == 0:
                return place
            depth -= 1
            after = tokens[place + 1].type if place + 1 < len(tokens) else ""
            if depth == 0 and kind == "RBRACE" and place >= at and after not in ("ARROW", "ELSE", "THEN"):
                return place + 1
        elif depth == 0 and kind == "COMMA" and place >= at:
            return place
    return len(tokens)
