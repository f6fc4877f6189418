"""E0130: a wrong call."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0130")
class WrongCall(Facts, frozen=True):
    """A built-in function gets the wrong number of arguments, or something is called that is no function.

    Wrong:
        n = sqrt(4, 9)
        data d { x: f32[4], train = csv("a.csv", batch = 8), std = n }
        net n1 { h = d.x -> dense(3) }

    Right:
        n = sqrt(9)
        data d { x: f32[4], train = csv("a.csv", batch = 8), std = n }
        net n1 { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    name: str
    reason: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"`{self.name}` cannot be called so", Label(self.span, self.reason), hint=self.hint)
