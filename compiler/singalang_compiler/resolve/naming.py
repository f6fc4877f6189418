"""What a bare name or the name of a call may mean where it is used: kinds that the type wishes for, or nothing that is known."""

from __future__ import annotations

from singalang_compiler.codes.e0101_unknown_name import UnknownName
from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0111_unknown_word import UnknownWord
from singalang_compiler.resolve.scopes import ABSENT, Place
from singalang_compiler.resolve.values import POISON, Value, Word
from singalang_compiler.resolve.wishes import NOTHING, Want, Wishes
from singalang_compiler.sections.schema import form_kinds
from singalang_grammar.tree import Expr, Name

FAMILY_WORDS = {
    "layers": "layer",
    "updaters": "updater",
    "schedules": "schedule",
    "inits": "initialiser",
    "algorithms": "algorithm",
    "metrics": "metric",
    "sources": "source",
    "sinks": "sink",
}
"""Name of a family -> what one of its kinds is called."""


def unknown_name_value(expr: Name, place: Place, want: Want | None) -> Value:
    """Reports a name that means nothing where it is used, in the words of what was wanted; or takes it as a word."""
    wishes = want.wishes if want else NOTHING
    if place.visible.is_lost(expr.text) or place.session.is_broken(expr.text, expr.span):
        return POISON
    if want and wishes.words:
        words = (*wishes.words, *(name for form in wishes.forms for name in form_kinds(form)))
        return place.session.report(UnknownWord(expr.text, want.name, expr.span, words))
    if place.words:
        return Word(expr.text)
    known = tuple(place.scope.names())
    if wishes.families or wishes.forms:
        from_kinds = wished_kinds(place, want)
        return place.session.report(UnknownKind(wished_word(want), expr.text, expr.span, (*from_kinds, *known)))
    return place.session.report(UnknownName(expr.text, expr.span, known, place.commented))


def wins(name: str, place: Place, wishes: Wishes) -> bool:
    """Whether a bare name means a kind whatever else has it: where no value but a kind will do."""
    return any(family in ("sources", "algorithms") and place.visible.kind(family, name) for family in wishes.families)


def is_wished_kind(name: str, place: Place, want: Want | None) -> bool:
    """Whether the type wishes for kinds, and one of them has this name."""
    wishes = want.wishes if want else NOTHING
    return any(place.visible.kind(family, name) for family in wishes.families) or any(
        name in form_kinds(form) for form in wishes.forms
    )


def wished_kinds(place: Place, want: Want | None) -> tuple[str, ...]:
    """Names of all kinds that the type wishes for."""
    wishes = want.wishes if want else NOTHING
    kinds = [name for family in wishes.families for name in place.visible.kind_names(family)]
    return (*kinds, *(name for form in wishes.forms for name in form_kinds(form)))


def wished_word(want: Want | None) -> str:
    """What the kinds that the type wishes for are called."""
    families = want.wishes.families if want else ()
    return FAMILY_WORDS[families[0]] if families else "function"


def is_unknown_name(expr: Expr, place: Place) -> bool:
    """Whether an expression is a bare name that nothing has."""
    return isinstance(expr, Name) and place.scope.find(expr.text, expr.span) is ABSENT
