"""E0307: a parameter left out that the layer needs."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0307")
class ParameterNeeded(Facts, frozen=True):
    """`none` leaves a parameter out, and this one the layer cannot do without.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10, weight = none)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10, bias = none)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    kind: str
    parameter: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.kind}` needs its `{self.parameter}`",
            Label(self.span, "`none` would leave it out"),
            hint=f"give `{self.parameter}` an initialiser, or leave the attribute out to take the default",
        )
