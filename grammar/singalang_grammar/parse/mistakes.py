"""What a word that the parser cannot take says about the mistake. Rules go from the particular to the general."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from lark import Token

from singalang_grammar.codes.e0002_unexpected_token import UnexpectedToken
from singalang_grammar.codes.e0017_dashed_name import DashedName
from singalang_grammar.codes.e0020_loop_statement import LoopStatement
from singalang_grammar.codes.e0021_chained_comparison import ChainedComparison
from singalang_grammar.codes.e0023_operator_after_chain import OperatorAfterChain
from singalang_grammar.codes.e0024_assign_for_compare import AssignForCompare
from singalang_grammar.codes.e0025_compare_for_assign import CompareForAssign
from singalang_grammar.codes.e0028_if_without_else import IfWithoutElse
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.parse.expected import in_words
from singalang_grammar.parse.place import WORDS, begins_line, end_of_statement
from singalang_grammar.parse.repairs import Repair, Text
from singalang_grammar.parse.words import BAD
from singalang_grammar.source import Span


@dataclass(frozen=True, slots=True)
class Case:
    """A word that the parser could not take: `at` is its place, `first` that of the statement it is in."""

    text: Text
    at: int
    first: int
    accepts: frozenset[str]

    @property
    def token(self) -> Token | None:
        """The word itself; None at the end of the text."""
        return self.text.tokens[self.at] if self.at < len(self.text.tokens) else None

    @property
    def at_item(self) -> bool:
        """Whether a statement could begin here."""
        return "RETURN" in self.accepts


Rule: TypeAlias = Callable[[Case], Repair | None]


def explain(case: Case) -> Repair:
    """The mistake, and what to take out of the text or put into it, so that the rest can be read."""
    for rule in _RULES:
        if found := rule(case):
            return found
    return _unexpected(case)


def _statement(case: Case, problem: Diagnostic | None) -> Repair:
    """Takes the whole statement out."""
    end = min(max(end_of_statement(case.text.tokens, case.first, case.at), case.first + 1), len(case.text.tokens))
    if case.text.kind(end) == "COMMA":
        end += 1
    return Repair(case.first, end, (), problem, drop=True)


def _told_already(case: Case) -> Repair | None:
    return _statement(case, None) if case.text.kind(case.at) == BAD else None


def _loop(case: Case) -> Repair | None:
    """`for` or `if` as a statement, `for` as a value, `a if c else b`."""
    kind = case.text.kind(case.at)
    if kind not in ("FOR", "IF"):
        return None
    span = case.text.span(case.at)
    if case.at_item and (kind == "FOR" or case.first == case.at or begins_line(case.text.tokens, case.at)):
        return _statement(replace(case, first=case.at), LoopStatement(span, "begin a statement").diagnostic())
    if case.at_item:
        return _statement(case, LoopStatement(span, "follow a value").diagnostic())
    if "NUMBER" in case.accepts:
        return _statement(case, LoopStatement(span, "begin a value").diagnostic())
    return None


def _comparison(case: Case) -> Repair | None:
    """`a < b < c`, or `==` after the name of a field."""
    if case.text.kind(case.at) != "CMP_OP":
        return None
    span = case.text.span(case.at)
    if "EQUAL" in case.accepts and case.token is not None and case.token.value == "==":
        put = case.token.update(type="EQUAL", value="=")
        return Repair(case.at, case.at + 1, (put,), CompareForAssign(span, case.text.span(case.at - 1)).diagnostic())
    if "AND" in case.accepts:
        return _statement(case, ChainedComparison(span).diagnostic())
    return None


def _assignment(case: Case) -> Repair | None:
    """`=` inside a value."""
    if case.text.kind(case.at) != "EQUAL" or "CMP_OP" not in case.accepts or case.token is None or case.at_item:
        return None
    put = case.token.update(type="CMP_OP", value="==")
    return Repair(case.at, case.at + 1, (put,), AssignForCompare(case.text.span(case.at)).diagnostic())


def _after_layer(case: Case) -> Repair | None:
    """An operator after a layer, or a dash in a name."""
    text, at = case.text, case.at
    kind = text.kind(at)
    if kind not in ("ADD_OP", "MUL_OP", "CMP_OP", "AND", "OR", "DOTS"):
        return None
    if text.tokens[at].value == "-" and text.kind(at - 1) == "NAME" and text.touch(at - 1) and text.touch(at):
        return _dashed(case)
    if "ARROW" in case.accepts and any(text.kind(place) == "ARROW" for place in range(case.first, at)):
        return _statement(case, OperatorAfterChain(text.span(at)).diagnostic())
    return None


def _dashed(case: Case) -> Repair:
    """The whole name `a-b-c` becomes one word, so that the rest of the statement can be read."""
    text, last = case.text, case.at + 1
    while text.touch(last) and text.kind(last + 1) in ("ADD_OP", "NAME", "NUMBER"):
        last += 1
    first = text.tokens[case.at - 1]
    span = text.span(case.at - 1, last)
    put = first.update(value=span.text.replace("-", "_").replace("+", "_"))
    put.end_pos = span.end
    return Repair(case.at - 1, last + 1, (put,), DashedName(span).diagnostic())


def _without_else(case: Case) -> Repair | None:
    if "ELSE" not in case.accepts:
        return None
    depth = 0
    for place in range(case.at - 1, -1, -1):
        kind = case.text.kind(place)
        depth += (kind == "ELSE") - (kind == "IF")
        if depth < 0:
            return _statement(case, IfWithoutElse(case.text.span(place)).diagnostic())
    return None


def _unexpected(case: Case) -> Repair:
    allowed = in_words(case.accepts)
    token = case.token
    if token is None:
        end = len(case.text.source.text.rstrip())
        span = Span(case.text.source, end, end)
        return _statement(case, UnexpectedToken(span, allowed, end=True).diagnostic())
    if case.text.span(case.at).text != token.value:  # it was put in the place of something: told of already
        return _statement(case, None)
    problem = UnexpectedToken(case.text.span(case.at), allowed, word=token.type in WORDS).diagnostic()
    found = _statement(case, problem)
    mended = any(one.start_pos == one.end_pos for one in case.text.tokens[found.first : found.end])
    return replace(found, problem=None) if mended else found  # a bracket is missing in it: one message is enough


_RULES: tuple[Rule, ...] = (_told_already, _loop, _comparison, _assignment, _after_layer, _without_else)
