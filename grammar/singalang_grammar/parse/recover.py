"""Parses words, and goes on after a mistake: what is wrong is taken out (or mended) and the text is parsed again.

Every round ends in a tree or in one more mistake; after ROUNDS of them the reading ends.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from lark import Token, UnexpectedToken

from singalang_grammar.codes.e0007_too_deep import TooDeep
from singalang_grammar.codes.e0029_too_many_mistakes import TooManyMistakes
from singalang_grammar.collection import without_collection
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.parse import tables
from singalang_grammar.parse.brackets import balance
from singalang_grammar.parse.build import DEPTH_LIMIT, Builder, TooDeepTree
from singalang_grammar.parse.checks import Checks
from singalang_grammar.parse.mistakes import Case, explain
from singalang_grammar.parse.place import begins_line, end_of_statement, span_of
from singalang_grammar.parse.repairs import Repair, Text, repair
from singalang_grammar.parse.words import Words
from singalang_grammar.source import Source, Span

ROUNDS = 20


@dataclass(slots=True)
class Reading:
    """What came of a text: `value` is None where no tree could be made."""

    value: Any = None
    problems: list[Diagnostic] = field(default_factory=list)
    broken: list[Span] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Made:
    """The tree of a text without mistakes of grammar, and those that its nodes showed."""

    value: Any
    problems: list[Diagnostic]


def read(source: Source, start: str) -> Reading:
    """The tree of a text from this rule of the grammar on, with all its mistakes."""
    with without_collection():
        parser = tables.load()
        words = Words(source, parser)
        checks = Checks(source, words.tokens)
        reading = Reading(None, sorted([*words.problems, *checks.problems], key=_place), [*checks.broken])
        if len(reading.problems) > ROUNDS:
            last = reading.problems[ROUNDS].primary
            reading.problems[ROUNDS:] = [TooManyMistakes(last.span, ROUNDS).diagnostic()] if last else []
        elif not checks.too_deep:
            _parse(reading, words, checks.tokens, start)
        return reading


def _place(found: Diagnostic) -> int:
    return found.primary.span.start if found.primary else 0


def _parse(reading: Reading, words: Words, tokens: list[Token], start: str) -> None:
    source = words.source
    found = _attempt(source, tokens, start)
    if isinstance(found, Repair):
        balanced = balance(source, tokens, words.cut_lines)
        tokens, problems, dropped = repair(source, balanced.tokens)
        reading.problems += [*balanced.problems, *problems]
        reading.broken += dropped
        found = _attempt(source, tokens, start)
    rounds = ROUNDS if start == "start" else 1  # of an expression nothing is left without its broken part
    for _ in range(rounds):
        if isinstance(found, _Made):
            break
        if found.problem and not (reading.problems and found.first == found.end):  # an early end is often our own doing
            reading.problems.append(found.problem)
        reading.broken += (
            [span_of(source, tokens[found.first], tokens[found.end - 1])] if found.drop and found.first < found.end else []
        )
        if found.drop and start != "start":
            return
        tokens = [*tokens[: found.first], *found.put, *tokens[found.end :]]
        found = _attempt(source, tokens, start)
    if isinstance(found, _Made):
        reading.value = found.value
        reading.problems += found.problems
    elif found.problem and found.problem.primary:
        reading.problems.append(TooManyMistakes(found.problem.primary.span, rounds).diagnostic())


def _attempt(source: Source, tokens: list[Token], start: str) -> _Made | Repair:
    """One parse of all the words: what was made of them, or what is wrong with them."""
    parser = tables.load()
    builder = Builder(source)
    interactive = parser.parse_interactive(start=start)
    state = interactive.parser_state
    state.parse_conf.callbacks = builder.reductions(parser.rules)  # type: ignore[assignment]
    feed = state.feed_token
    place = -1
    try:
        for place, token in enumerate(tokens):  # noqa: B007
            feed(token)
        place = len(tokens)
        return _Made(feed(Token("$END", ""), True), builder.problems)
    except UnexpectedToken:
        accepts = frozenset(interactive.accepts())  # type: ignore[no-untyped-call]
        fresh = "RETURN" in accepts and place < len(tokens) and begins_line(tokens, place)
        first = place if fresh else _statement_start(tokens, state.state_stack, state.value_stack)
        return explain(Case(Text(source, tokens), place, first, accepts))
    except TooDeepTree as fault:
        first = _statement_start(tokens, state.state_stack, state.value_stack)
        problem = TooDeep(Span(source, fault.span.start, fault.span.start + 1), DEPTH_LIMIT).diagnostic()
        return Repair(first, max(end_of_statement(tokens, first, place), first + 1), (), problem, drop=True)


def _statement_start(tokens: list[Token], states: list[int], values: list[Any]) -> int:
    """Place of the first word of the innermost statement that the parser is in."""
    boundaries = tables.item_states()
    for depth in range(len(values) - 1, -1, -1):
        if states[depth] in boundaries and values[depth] != []:
            value = values[depth][-1] if isinstance(values[depth], list) else values[depth]
            offset: int = value.start_pos if isinstance(value, Token) else value.span.start  # type: ignore[assignment]
            return bisect_left(tokens, offset, key=lambda token: token.start_pos or 0)
    return 0
