"""E0301: class labels where numbers are wanted."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0301")
class ClassLabels(Facts, frozen=True):
    """A layer that computes with numbers is fed class labels.

    A field declared `class(10)` holds the number of a class, 0 to 9; to add or multiply such numbers means nothing. Losses and
    metrics take labels, and so do the kinds made for them; every other layer wants numbers.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.label -> fc: dense(10)
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
          logits = digits.image -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    kind: str
    spec: str
    span: Span
    input: str
    input_span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.kind}` wants numbers, not class labels",
            Label(self.span, f"reads `{self.input}`, which is {self.spec}"),
            *([Label(self.input_span, f"`{self.input}` holds labels")] if self.input_span != self.span else []),
            hint="feed it the features; a label goes to the loss, `(logits, label) -> softmax_loss`",
        )
