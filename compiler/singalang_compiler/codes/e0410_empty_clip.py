"""E0410: clipping to nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0410")
class EmptyClip(Facts, frozen=True):
    """`clip = (low, high)` cuts each element of the gradient to these bounds; the first must be below the second.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1, clip = (5, -5) }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1, clip = (-5, 5) }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    low: str
    high: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "nothing lies between the bounds of `clip`",
            Label(self.span, f"{self.low} is not below {self.high}"),
            hint="write `clip = (low, high)`, as in `clip = (-5, 5)`",
        )
