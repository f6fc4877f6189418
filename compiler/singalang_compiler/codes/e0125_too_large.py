"""E0125: a program that is too large."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0125")
class TooLarge(Facts, frozen=True):
    """A program may have at most 200,000 layers, a value at most a million elements, and expressions may stand some hundreds
    deep in one another. The bounds make sure that compiling ends soon, whatever the program says.

    Wrong:
        n = sum(1..2_000_000)
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n1 { h = d.x -> dense(n) }

    Right:
        n = sum(1..20)
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n1 { h = d.x -> dense(n) }
    """

    CODE: ClassVar[str]
    reason: str
    hint: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.reason, Label(self.span, "here the bound is passed"), hint=self.hint)
