"""E0015: an operator for powers."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0015")
class PowerOperator(Facts, frozen=True):
    """There is no operator for powers, neither `**` nor `^`: no program has needed one. Multiply, use `sqrt` or
    `exp`, or write the number.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 ** 3 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 1000 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "multiply (`x * x`), or write the number; `1e-4` and `64k` are numbers too"
        return error(self, f"there is no operator `{self.span.text}`", Label(self.span, "the language has no powers"), hint=hint)
