"""E0302: a parameter taken from another layer does not fit."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0302")
class SharedShape(Facts, frozen=True):
    """A layer uses another layer's parameter whose shape is not the one it needs.

    One parameter has one shape: what two layers share must fit both. Weights of `dense` are stored (inputs, units), biases (units).

    Wrong:
        data digits {
          image: f32[64]
          train = digits(batch = 64)
        }
        net n {
          image = digits.image -> enc: dense(32) -> dec: dense(64, bias = enc.bias)
          loss = (image, digits.image) -> square_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data digits {
          image: f32[64]
          train = digits(batch = 64)
        }
        net n {
          image = digits.image -> enc: dense(32) -> dec: dense(64, weight = transpose(enc.weight))
          loss = (image, digits.image) -> square_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    layer: str
    parameter: str
    wanted: tuple[int, ...]
    owner: str
    given: tuple[int, ...]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        turned = self.given != self.wanted and tuple(reversed(self.given)) == self.wanted
        return error(
            self,
            f"a shared parameter does not fit `{self.layer}`",
            Label(self.span, f"`{self.parameter}` must be {list(self.wanted)}, `{self.owner}` gives {list(self.given)}"),
            hint=f"use `transpose({self.owner})`, or leave `transpose` out if it is there" if turned else None,
        )
