"""The order in which diagnostics are shown, whatever found them first."""

from __future__ import annotations

from collections.abc import Iterable

from singalang_grammar.diagnostics import Diagnostic


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file and place, each once; those without a place in a source text come last, in the order they were found."""
    found = dict.fromkeys(diagnostics)
    return sorted(found, key=_place)


def _place(one: Diagnostic) -> tuple[bool, str, int, int, str]:
    if one.primary is None:
        return (True, "", 0, 0, "")
    span = one.primary.span
    return (False, span.source.path, span.start, span.end, one.code)
