"""E0127: a constant that needs itself."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0127")
class CircularValue(Facts, frozen=True):
    """A constant or the default of an arg depends on itself, directly or through others.

    Wrong:
        a = b + 1
        b = a * 2
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(a) }

    Right:
        a = 3
        b = a * 2
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(b) }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    defined: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.name}` is needed to compute itself",
            Label(self.span, f"`{self.name}` is used here"),
            Label(self.defined, f"`{self.name}` is defined here"),
            hint="break the circle: give one of the values a number of its own",
        )
