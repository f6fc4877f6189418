"""E0407: alternating training."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0407")
class Alternating(Facts, frozen=True):
    """Training two nets in turns, as generative adversarial nets need it, is not in this version. Several `train` sections
    run one after the other and hand on their parameters.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net a { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        net b { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, net = [a, b] }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net a { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        net b { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train one { steps = 10, net = a }
        train two { steps = 10, net = b }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "alternating (adversarial) training is not in this version",
            Label(self.span, "one `train` section trains one net"),
            hint="write one `train` section for each net; they run one after the other, in file order",
        )
