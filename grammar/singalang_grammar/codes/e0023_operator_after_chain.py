"""E0023: an operator after a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0023")
@dataclass(frozen=True, slots=True)
class OperatorAfterChain:
    """`->` binds weaker than every operator, so `x -> f + y` would add `y` to a layer's kind. Put the chain in
    parentheses.

    Wrong:
        net n { z = x -> relu + y }

    Right:
        net n { z = (x -> relu) + y }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        sign = self.span.text
        hint = f"put the chain in parentheses: `(x -> f) {sign} y`"
        return error(self, f"`{sign}` after a layer", Label(self.span, "only `->` can follow a layer"), hint=hint)
