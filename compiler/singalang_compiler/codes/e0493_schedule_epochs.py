"""E0493: a schedule that counts epochs, where nothing says how many records there are."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0493")
class ScheduleEpochs(Facts, frozen=True):
    """The learning rate depends on epochs, and kernels count steps. Compiling opens no data, so the number of steps of an epoch is
    known only where the data section says how many training records there are.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = step(0.1, gamma = 0.5, every = epochs(2)) }
        train { steps = 100 }

    Right:
        data digits {
          image: f32[64]
          label: class(10)
          records = 1442
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = step(0.1, gamma = 0.5, every = epochs(2)) }
        train { steps = 100 }
    """

    CODE: ClassVar[str]
    schedule: str
    data: str
    span: Span
    data_span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the schedule `{self.schedule}` counts epochs of data of unknown size",
            Label(self.span, "the rate depends on epochs"),
            Label(self.data_span, f"`{self.data}` does not say how many training records there are"),
            hint=f"add `records = ...` to data `{self.data}`, or write the schedule in steps",
        )
