"""E0518: one parameter, two rates."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0518")
class ContradictoryTie(Facts, frozen=True):
    """A parameter that several layers use is one parameter: it learns at the rate that its owner has. A layer that takes it from
    another may not say otherwise of it.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> a: dense(3)
          y = h -> b: dense(weight = transpose(a.weight), lr_scale = 0.5)
          loss = (y, d.x) -> square_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> a: dense(3, lr_scale = 0.5)
          y = h -> b: dense(weight = transpose(a.weight), lr_scale = 0.5)
          loss = (y, d.x) -> square_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    parameter: str
    layer: str
    scale: str  # `lr_scale`
    own: float
    owners: float
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.parameter}` cannot have two values of `{self.scale}`",
            Label(self.span, f"`{self.layer}` says {self.own:g}; its owner has {self.owners:g}"),
            hint=f"say `{self.scale}` where the parameter is owned, or the same here",
        )
