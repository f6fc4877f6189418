"""E0406: an objective that is no loss."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0406")
class NotALoss(Facts, frozen=True):
    """`loss` in a `train` section names the loss layers whose sum is the objective.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> fc: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, loss = fc }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> fc: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, loss = loss }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    losses: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "losses of the net: " + ", ".join(self.losses) if self.losses else "the net has no loss layer"
        return error(
            self, f"`{self.name}` is not a loss layer of the net", Label(self.span, "no objective can be made of it"), hint=hint
        )
