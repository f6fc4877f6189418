"""Makes brackets whole in a text that does not parse, with one message for each bracket that is missing or too many.

The pairs are found without regard to layout. Only where that fails is indentation asked which bracket is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lark import Token

from singalang_grammar.codes.e0005_unclosed_bracket import UnclosedBracket
from singalang_grammar.codes.e0008_stray_bracket import StrayBracket
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.parse.place import CLOSERS, CLOSING_TEXT, OPENERS, begins_line, indents, line_of, span_of
from singalang_grammar.source import Source


@dataclass(frozen=True, slots=True)
class Balanced:
    """Words whose brackets are whole."""

    tokens: list[Token]
    problems: list[Diagnostic]


@dataclass(frozen=True, slots=True)
class _Found:
    """Brackets without partner: openers with the place where their partner should stand, and closers."""

    unclosed: tuple[tuple[int, int], ...]
    stray: tuple[int, ...]

    @property
    def whole(self) -> bool:
        return not self.unclosed and not self.stray


def balance(source: Source, tokens: list[Token], cut_lines: set[int]) -> Balanced:
    """Closes what is open and takes out what closes nothing. On `cut_lines` a string swallowed brackets: nothing is told."""
    found = _match(tokens, with_indents=False)
    if found.whole:
        return Balanced(tokens, [])
    if any(tokens[place].type == "LBRACE" for place, _ in found.unclosed) or any(
        tokens[place].type == "RBRACE" for place in found.stray
    ):
        found = _with_layout(tokens, found)
    problems = []
    for opener, place in found.unclosed:
        if line_of(tokens[opener]) not in cut_lines:
            before = span_of(source, tokens[place]) if place < len(tokens) else None
            problems.append(UnclosedBracket(span_of(source, tokens[opener]), before).diagnostic())
    problems += [StrayBracket(span_of(source, tokens[place])).diagnostic() for place in found.stray]
    return Balanced(_mended(tokens, found), problems)


def _with_layout(tokens: list[Token], plain: _Found) -> _Found:
    """Braces once more, by indentation, if that explains the text with no more mistakes."""
    if len(plain.stray) == 1 and not plain.unclosed:
        return _one_too_many(tokens, plain)
    by_layout = _match(tokens, with_indents=True)
    better = len(by_layout.unclosed) + len(by_layout.stray) <= len(plain.unclosed) + len(plain.stray)
    return by_layout if better else plain


def _one_too_many(tokens: list[Token], plain: _Found) -> _Found:
    """The first `}` that begins a line and is indented other than its opener, if the text is whole without it."""
    columns = indents(tokens)
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.type == "LBRACE":
            opened.append(place)
        elif token.type == "RBRACE" and opened:
            opener = opened.pop()
            if begins_line(tokens, place) and columns[line_of(tokens[opener])] != token.column:
                rest = _match([*tokens[:place], *tokens[place + 1 :]], with_indents=False)
                return _Found((), (place,)) if rest.whole else plain
    return plain


def _match(tokens: Sequence[Token], with_indents: bool) -> _Found:
    columns = indents(tokens)
    opened: list[int] = []
    unclosed: dict[int, int] = {}  # opener -> the place that its partner stands before at the latest
    stray: list[int] = []
    for place, token in enumerate(tokens):
        kind = token.type
        if with_indents and opened and kind != "ARROW" and begins_line(tokens, place):
            for opener in _dedented(tokens, place, columns, opened):
                unclosed[opener] = place
        if kind in OPENERS:
            opened.append(place)
        elif kind in CLOSERS:
            partner = _partner(tokens, kind, opened)
            if partner is None:
                stray.append(place)
                continue
            while opened[-1] != partner:
                unclosed[opened.pop()] = place
            opened.pop()
    unclosed.update(dict.fromkeys(opened, len(tokens)))
    where = {opener: _missing_before(tokens, opener, limit, columns, unclosed) for opener, limit in unclosed.items()}
    return _Found(tuple(sorted(where.items())), tuple(stray))


def _partner(tokens: Sequence[Token], kind: str, opened: list[int]) -> int | None:
    """The opener that this closer ends: the last of its kind, but a `)` or `]` never reaches out of a brace."""
    for opener in reversed(opened):
        if OPENERS[tokens[opener].type] == kind:
            return opener
        if kind != "RBRACE" and tokens[opener].type == "LBRACE":
            return None
    return None


def _dedented(tokens: Sequence[Token], place: int, columns: dict[int, int], opened: list[int]) -> list[int]:
    """Takes the braces from `opened` whose body cannot go on here: this line is indented no deeper than the one they are on."""
    token = tokens[place]
    column = token.column or 1
    ended = []
    while opened and tokens[opened[-1]].type == "LBRACE":
        indent = columns[line_of(tokens[opened[-1]])]
        if column > indent or line_of(tokens[opened[-1]]) == line_of(token):
            break
        if token.type in CLOSERS and not (
            column < indent and any(columns[line_of(tokens[other])] == column for other in opened[:-1])
        ):
            break
        ended.append(opened.pop())
    return ended


def _missing_before(tokens: Sequence[Token], opener: int, limit: int, columns: dict[int, int], unclosed: Mapping[int, int]) -> int:
    """Where the partner of an opener should stand: before the first line that is indented no deeper than the opener's."""
    line, depth = line_of(tokens[opener]), 0
    for place in range(opener + 1, limit):
        token = tokens[place]
        dedented = line_of(token) > line and token.type not in CLOSERS and (token.column or 1) <= columns[line]
        if depth == 0 and dedented and begins_line(tokens, place):
            return place
        if token.type in OPENERS and place not in unclosed:
            depth += 1
        elif token.type in CLOSERS:
            depth -= 1
    return limit


def _mended(tokens: list[Token], found: _Found) -> list[Token]:
    """The words with partners put in (of no width) and stray ones taken out. Inner brackets are closed first."""
    added: dict[int, list[Token]] = {}
    for opener, place in sorted(found.unclosed, reverse=True):
        kind = OPENERS[tokens[opener].type]
        before = tokens[place - 1]
        closer = Token(
            kind, CLOSING_TEXT[kind], before.end_pos, before.line, before.column, before.line, before.column, before.end_pos
        )
        added.setdefault(place, []).append(closer)
    mended: list[Token] = []
    gone = set(found.stray)
    for place in range(len(tokens) + 1):
        mended += added.get(place, ())
        if place < len(tokens) and place not in gone:
            mended.append(tokens[place])
    return mended
