"""Wrong readings that show in a few words of a text that does not parse: each is told of, and what was meant put in its place.

A rule looks at the words from one place on and, where it knows the mistake, says how many words to take out and what to put in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from lark import Token

from singalang_grammar.codes.e0004_missing_value import MissingValue
from singalang_grammar.codes.e0010_reserved_word import ReservedWord
from singalang_grammar.codes.e0013_percent import Percent
from singalang_grammar.codes.e0014_blank_before_unit import BlankBeforeUnit
from singalang_grammar.codes.e0015_power_operator import PowerOperator
from singalang_grammar.codes.e0019_import_without_names import ImportWithoutNames
from singalang_grammar.codes.e0026_slash_comment import SlashComment
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.literals import UNITS
from singalang_grammar.parse.place import CLOSERS, ITEM_WORDS, WORDS, begins_line, glued, line_of, span_of
from singalang_grammar.source import Source, Span


@dataclass(frozen=True, slots=True)
class Repair:
    """Words `first` to `end` (not included) give way to others. With `drop` something that was said is lost."""

    first: int
    end: int
    put: tuple[Token, ...] = ()
    problem: Diagnostic | None = None
    drop: bool = False


Rule: TypeAlias = Callable[["Text", int], Repair | None]


@dataclass(frozen=True, slots=True)
class Text:
    """The words of a source, to be asked by place; beyond the end stands nothing."""

    source: Source
    tokens: list[Token]

    def kind(self, place: int) -> str:
        """Type of a word, or an empty text."""
        return self.tokens[place].type if 0 <= place < len(self.tokens) else ""

    def same_line(self, left: int, right: int) -> bool:
        """Whether both words exist and stand on one line."""
        return max(left, right) < len(self.tokens) and line_of(self.tokens[left]) == line_of(self.tokens[right])

    def touch(self, left: int) -> bool:
        """Whether a word touches the one after it."""
        return left + 1 < len(self.tokens) and glued(self.tokens[left], self.tokens[left + 1])

    def span(self, first: int, last: int | None = None) -> Span:
        """The text of words."""
        return span_of(self.source, self.tokens[first], self.tokens[first if last is None else last])


def repair(source: Source, tokens: list[Token]) -> tuple[list[Token], list[Diagnostic], list[Span]]:
    """The words with all these mistakes mended, the mistakes, and the texts that were dropped."""
    text = Text(source, tokens)
    mended: list[Token] = []
    problems: list[Diagnostic] = []
    dropped: list[Span] = []
    place = 0
    while place < len(tokens):
        found = _first(text, place)
        if found is None:
            mended.append(tokens[place])
            place += 1
            continue
        del mended[len(mended) - (place - found.first) :]
        mended += found.put
        problems += [found.problem] if found.problem else []
        dropped += [text.span(found.first, found.end - 1)] if found.drop else []
        place = found.end
    return mended, problems, dropped


def _first(text: Text, place: int) -> Repair | None:
    for rule in _RULES.get(text.kind(place), ()):
        if found := rule(text, place):
            return found
    return None


def _slash_comment(text: Text, place: int) -> Repair | None:
    """`// words` or `/* words */`: at the start of a line, or followed by two words in a row."""
    sign = text.tokens[place].value
    if sign == "//":
        words = text.same_line(place, place + 2) and _is_word(text, place + 1) and _is_word(text, place + 2)
        if not begins_line(text.tokens, place) and not (words and text.kind(place + 3) != "LBRACE"):
            return None
        end = _line_end(text, place)
        return Repair(place, end, (), SlashComment(text.span(place)).diagnostic(), drop=True)
    if sign == "/" and text.touch(place) and text.tokens[place + 1].value == "*":
        end = place + 2
        while end < len(text.tokens) and not (
            text.tokens[end - 1].value == "*" and text.tokens[end].value == "/" and text.touch(end - 1)
        ):
            end += 1
        return Repair(place, min(end + 1, len(text.tokens)), (), SlashComment(text.span(place, place + 1)).diagnostic(), drop=True)
    return None


def _power(text: Text, place: int) -> Repair | None:
    if text.tokens[place].value == "*" and text.touch(place) and text.tokens[place + 1].value == "*":
        return Repair(place, place + 2, (text.tokens[place],), PowerOperator(text.span(place, place + 1)).diagnostic())
    return None


def _percent(text: Text, place: int) -> Repair | None:
    """`50%` before a closing bracket, a comma, the end, or on the end of a line."""
    if text.tokens[place].value != "%" or text.kind(place - 1) != "NUMBER" or not glued(text.tokens[place - 1], text.tokens[place]):
        return None
    after = text.kind(place + 1)
    if after and after not in CLOSERS and after not in ("COMMA", "ARROW") and text.same_line(place, place + 1):
        return None
    number = text.tokens[place - 1].value
    try:
        right = f"{float(number.replace('_', '')) / 100:.12g}"
    except ValueError:  # 50k%
        right = "0.5"
    mended = text.tokens[place - 1].update(value=right)
    mended.end_pos = text.tokens[place].end_pos
    return Repair(place - 1, place + 1, (mended,), Percent(text.span(place - 1, place), right).diagnostic())


def _unit(text: Text, place: int) -> Repair | None:
    """`10 Gbps`, unless the word begins the next statement."""
    unit = place + 1
    if not text.same_line(place, unit) or text.kind(unit) != "NAME" or text.tokens[unit].value not in UNITS:
        return None
    if text.same_line(unit, unit + 1) and text.kind(unit + 1) in ("EQUAL", "COLON", "LBRACE", "ARROW", "DOT", "NAME"):
        return None
    number = text.tokens[place]
    whole = number.update(value=number.value + text.tokens[unit].value) if number.value[-1].isdigit() else number
    whole.end_pos = text.tokens[unit].end_pos
    return Repair(place, unit + 1, (whole,), BlankBeforeUnit(text.span(place), text.span(unit)).diagnostic())


def _import(text: Text, place: int) -> Repair | None:
    if text.kind(place + 1) != "STRING":
        return None
    word = text.tokens[place]
    put = (word, Token.new_borrow_pos("ALL", "all", word), Token.new_borrow_pos("FROM", "from", word))
    return Repair(place, place + 1, put, ImportWithoutNames(text.span(place + 1)).diagnostic())


def _reserved(text: Text, place: int) -> Repair | None:
    """A reserved word where nothing but a name can stand."""
    before, after = text.kind(place - 1), text.kind(place + 1)
    named = after in ("EQUAL", "COLON") or before in ("DOT", "ARG", "FOR")
    opens = after == "LBRACE" and before == "NAME" and text.kind(place) not in ("ALL", "TRUE", "FALSE", "NONE")
    if not named and not opens:
        return None
    word = text.tokens[place]
    return Repair(place, place + 1, (word.update(type="NAME"),), ReservedWord(text.span(place)).diagnostic())


def _missing_value(text: Text, place: int) -> Repair | None:
    """A sign after which nothing can be found but the next statement, a closing bracket or the end."""
    sign = text.kind(place)
    if not _nothing_after(text, place, sign):
        return None
    first, end, target = place, place + 1, None
    if text.kind(place - 1) == "EQUAL" and text.kind(place - 2) == "NAME":  # `x = -`
        return Repair(place - 2, end, (), MissingValue(text.span(place)).diagnostic(), drop=True)
    if sign == "EQUAL" and text.kind(place - 1) == "NAME":
        typed = text.kind(place - 2) == "COLON"  # `arg depth: int =` still declares the arg
        target = text.tokens[place - (3 if typed and place > 2 else 1)].value
        if not typed and text.kind(place - 2) != "ARG":
            first = place - 1
            end += text.kind(end) == "COMMA"
    return Repair(first, end, (), MissingValue(text.span(place), target).diagnostic(), drop=first < place)


def _nothing_after(text: Text, place: int, sign: str) -> bool:
    after, second, third = text.kind(place + 1), text.kind(place + 2), text.kind(place + 3)
    if after == "" or after in CLOSERS or after == "COMMA":
        return True
    if after in ITEM_WORDS or (after == "WHEN" and sign != "ARROW"):
        return second not in ("EQUAL", "COLON")  # else it is meant as a name
    if after != "NAME" or not begins_line(text.tokens, place + 1):
        return False
    opens = second == "LBRACE" or (second == "NAME" and third == "LBRACE")
    return second == "EQUAL" or (opens and sign in ("EQUAL", "ARROW", "RETURN")) or (second == "COLON" and sign == "EQUAL")


def _is_word(text: Text, place: int) -> bool:
    return text.kind(place) == "NAME" or text.kind(place) in WORDS


def _line_end(text: Text, place: int) -> int:
    end = place + 1
    while text.same_line(place, end):
        end += 1
    return end


_RULES: dict[str, tuple[Rule, ...]] = {
    "MUL_OP": (_slash_comment, _power, _percent, _missing_value),
    "NUMBER": (_unit,),
    "IMPORT": (_import, _reserved),
    "RETURN": (_reserved, _missing_value),
    **{word: (_reserved,) for word in sorted(WORDS - {"IMPORT", "RETURN"})},
    **{sign: (_missing_value,) for sign in ("EQUAL", "ARROW", "ADD_OP", "CMP_OP", "DOTS")},
    **{word: (_reserved, _missing_value) for word in ("AND", "OR", "NOT")},
}
