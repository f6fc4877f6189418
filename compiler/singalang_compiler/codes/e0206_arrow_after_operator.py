"""E0206: an operator before `->`."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0206")
class ArrowAfterOperator(Facts, frozen=True):
    """`->` binds weaker than every operator, so `a + b -> f` would feed the sum to `f`; many readers expect the other
    meaning. So it has to be said.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { a = d.x -> dense(4), h = a + d.x -> relu }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { a = d.x -> dense(4), h = (a + d.x) -> relu }
    """

    CODE: ClassVar[str]
    left: str
    operator: str
    right: str
    stage: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        whole = f"({self.left} {self.operator} {self.right}) -> {self.stage}"
        part = f"{self.left} {self.operator} ({self.right} -> {self.stage})"
        return error(
            self,
            f"`{self.operator}` before `->` needs parentheses",
            Label(self.span, "this can be read in two ways"),
            hint=f"write `{whole}` or `{part}`",
        )
