"""E0124: an arg with a value that is not allowed."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0124")
class NotAllowed(Facts, frozen=True):
    """An arg that lists its allowed values, `arg depth = 20 in [20, 32]` or `in 1..4`, gets another one.

    Wrong:
        arg depth = 21 in [20, 32]
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(depth) }

    Right:
        arg depth = 20 in [20, 32]
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(depth) }
    """

    CODE: ClassVar[str]
    name: str
    got: str
    allowed: str
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.name}` cannot be {self.got}",
            Label(self.span, "not among the allowed values"),
            Label(self.where, "the allowed values"),
            hint=f"allowed: {self.allowed}",
        )
