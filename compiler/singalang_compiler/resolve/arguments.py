"""Which argument belongs to which attribute. Knows names and places, and nothing of types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from singalang_compiler.codes.e0110_unknown_field import UnknownField
from singalang_compiler.codes.e0114_given_twice import GivenTwice
from singalang_compiler.codes.e0116_too_many_arguments import TooManyArguments
from singalang_compiler.resolve.scopes import Place
from singalang_grammar.source import Span
from singalang_grammar.tree import Argument, Expr, Ident, Tuple


@dataclass(frozen=True, slots=True)
class Taker:
    """What takes arguments: `by_place` are the names filled in order, `names` all of them; `variadic` takes all given by place."""

    owner: str
    by_place: tuple[str, ...]
    names: tuple[str, ...]
    variadic: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments by attribute. `whole` is False where some could not be matched."""

    values: Mapping[str, Expr] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    whole: bool = True


def match_arguments(taker: Taker, arguments: tuple[Argument, ...], place: Place) -> Given:
    """Finds the attribute of each argument; reports the unknown, the repeated, and those that are too many."""
    values: dict[str, Expr] = {}
    spans: dict[str, Span] = {}
    whole = True
    free = list(taker.by_place)
    named = False
    for argument in _gathered(taker, arguments):
        if named and argument.name is None:
            place.session.report(TooManyArguments(taker.owner, taker.by_place, argument.span, after_name=True))
            whole = False
            continue
        named = argument.name is not None
        name = argument.name.text if argument.name else (free.pop(0) if free else None)
        if name is None:
            place.session.report(TooManyArguments(taker.owner, taker.by_place, argument.span))
            whole = False
            continue
        if argument.name and name not in taker.names:
            if not place.session.is_broken(name, argument.span):
                place.session.report(UnknownField(taker.owner, name, argument.name.span, taker.names, "attribute"))
            whole = False
            continue
        if name in values:
            place.session.report(GivenTwice(name, spans[name], argument.span))
            whole = False
            continue
        values[name], spans[name] = argument.value, argument.span
    return Given(values, spans, whole)


def _gathered(taker: Taker, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """All arguments by place as one list, where the taker takes them so."""
    loose = [argument for argument in arguments if argument.name is None]
    if taker.variadic is None or not loose:
        return arguments
    span = loose[0].span.to(loose[-1].span)
    named = tuple(argument for argument in arguments if argument.name is not None)
    gathered = Tuple(tuple(argument.value for argument in loose), span)
    return (Argument(Ident(taker.variadic, span), gathered, span), *named)
