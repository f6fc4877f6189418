"""E0023: an operator after a layer."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0023")
class OperatorAfterChain(Facts, frozen=True):
    """`->` binds weaker than every operator, so `x -> f + y` would add `y` to a layer's kind. Put the chain in
    parentheses.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> relu + d.x
          loss = (d.x -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = (d.x -> relu) + d.x
          loss = (h -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        sign = self.span.text
        hint = f"put the chain in parentheses: `(x -> f) {sign} y`"
        return error(self, f"`{sign}` after a layer", Label(self.span, "only `->` can follow a layer"), hint=hint)
