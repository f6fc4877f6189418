"""E0308: a tensor or parameter beyond what can be indexed."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0308")
class TooLarge(Facts, frozen=True):
    """An output or a parameter has more elements than one array can hold.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> wide: dense(1_000_000_000) -> fc: dense(10)
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
          logits = digits.image -> wide: dense(1_000) -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    layer: str
    what: str
    shape: tuple[int, ...]
    largest: int
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the {self.what} of `{self.layer}` is too large",
            Label(self.span, f"shape {list(self.shape)} has {prod(self.shape):,} elements; an array holds {self.largest:,}"),
            hint="make the layer smaller",
        )
