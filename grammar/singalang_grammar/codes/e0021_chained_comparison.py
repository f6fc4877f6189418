"""E0021: two comparisons in a row."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0021")
class ChainedComparison(Facts, frozen=True):
    """`a < b < c` compares the answer of the first comparison, which is never meant. Two comparisons are joined
    with `and`.

    Wrong:
        arg size = 4
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  = if 1 < size < 9 then 1 else 2
        }

    Right:
        arg size = 4
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  = if 1 < size and size < 9 then 1 else 2
        }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "join two comparisons: `a < b and b < c`"
        return error(self, "comparisons cannot be chained", Label(self.span, "a second comparison"), hint=hint)
