"""E0013: a number in percent."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0013")
class Percent(Facts, frozen=True):
    """`%` is the remainder of a division; there are no percentages. Write the fraction.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dropout(50%) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dropout(0.5) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    right: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `{self.right}`"
        return error(self, f"`{self.span.text}` is not a number", Label(self.span, "`%` is the remainder of a division"), hint=hint)
