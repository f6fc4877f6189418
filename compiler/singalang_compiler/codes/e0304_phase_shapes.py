"""E0304: a parameter whose shape depends on the phase."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0304")
class PhaseShapes(Facts, frozen=True):
    """A layer has other shapes in one phase than in another, so that its parameters cannot be the same.

    What is trained must be what is tested: a layer under `when` in a chain may change values, not the shape.

    Wrong:
        data digits {
          image: f32[1, 8, 8]
          label: class(10)
          train = digits(batch = 64)
          test = digits(batch = 100)
        }
        net n {
          logits = digits.image -> when train { maxpool(2, stride = 2) } -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data digits {
          image: f32[1, 8, 8]
          label: class(10)
          train = digits(batch = 64)
          test = digits(batch = 100)
        }
        net n {
          logits = digits.image -> maxpool(2, stride = 2) -> when train { dropout(0.1) } -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    layer: str
    parameter: str
    before: tuple[int, ...]
    here: tuple[int, ...]
    phase: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.layer}.{self.parameter}` has two shapes",
            Label(self.span, f"{list(self.here)} in phase `{self.phase}`, {list(self.before)} in others"),
            hint="a layer under `when` in a chain must keep the shape",
        )
