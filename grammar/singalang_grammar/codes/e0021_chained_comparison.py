"""E0021: two comparisons in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0021")
@dataclass(frozen=True, slots=True)
class ChainedComparison:
    """`a < b < c` compares the answer of the first comparison, which is never meant. Two comparisons are joined
    with `and`.

    Wrong:
        x = if 1 < 2 < 3 then 1 else 0

    Right:
        x = if 1 < 2 and 2 < 3 then 1 else 0
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "join two comparisons: `a < b and b < c`"
        return error(self, "comparisons cannot be chained", Label(self.span, "a second comparison"), hint=hint)
