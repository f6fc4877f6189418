"""E0306: a layer that leads to no loss."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, warning
from singalang_grammar.source import Span


@code("E0306")
class Unreachable(Facts, frozen=True):
    """A layer's output reaches no loss, metric or output, so it is neither computed nor trained.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          digits.image -> lost: dense(20) -> relu
          logits = digits.image -> fc: dense(10)
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
          logits = digits.image -> hidden: dense(20) -> relu -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    name: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The warning in words."""
        return warning(
            self,
            f"`{self.name}` leads to no loss",
            Label(self.span, "its output is read by nothing that is trained, measured or written"),
            hint="feed it to a layer that leads to the loss, or remove it",
        )
