"""E0210: a block without a value."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0210")
class NoReturn(Facts, frozen=True):
    """The value of a block is what its `return` says.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        block x -> two(n) { h = x -> dense(n) -> dense(n) }
        net n1 { h = d.x -> two(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        block x -> two(n) { return x -> dense(n) -> dense(n) }
        net n1 { h = d.x -> two(3) }
    """

    CODE: ClassVar[str]
    name: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"block `{self.name}` returns nothing",
            Label(self.span, "its value is not said"),
            hint="end it with `return VALUE`",
        )
