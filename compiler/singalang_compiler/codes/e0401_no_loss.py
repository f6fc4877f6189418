"""E0401: a net without a loss."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0401")
class NoLoss(Facts, frozen=True):
    """Back-propagation needs a loss layer to begin from.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    net: str
    algorithm: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"net `{self.net}` has no loss layer",
            Label(self.span, "nothing to train"),
            hint=f"`{self.algorithm}` needs a loss; end the net with one: `loss = (logits, data.label) -> softmax_loss`",
        )
