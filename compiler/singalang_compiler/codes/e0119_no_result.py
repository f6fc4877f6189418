"""E0119: arithmetic without a result."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0119")
class NoResult(Facts, frozen=True):
    """An expression of numbers has no value: it divides by zero, takes the root of a negative number, or leaves the range of
    numbers.

    Wrong:
        n = 6 // 0
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n1 { h = d.x -> dense(n) }

    Right:
        n = 6 // 2
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n1 { h = d.x -> dense(n) }
    """

    CODE: ClassVar[str]
    reason: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, "this has no value", Label(self.span, self.reason), hint=self.hint)
