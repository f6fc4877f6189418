"""E0128: something out of place."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0128")
class Misplaced(Facts, frozen=True):
    """Something stands where it has no meaning: `return` outside a block, a chain outside a net, rules in a section that has
    none.

    Wrong:
        return 3

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        block x -> two(n) { return x -> dense(n) -> dense(n) }
        net n1 { h = d.x -> two(3) }
    """

    CODE: ClassVar[str]
    what: str  # with its article: `a chain`
    where: str  # `at file level`, `in a `train` section`
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"{self.what} has no meaning {self.where}", Label(self.span, "out of place"), hint=self.hint)
