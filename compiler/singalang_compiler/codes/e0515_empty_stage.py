"""E0515: a stage without a layer."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0515")
class EmptyStage(Facts, frozen=True):
    """Stages are counted from 0, and each has at least one layer of the net as it is trained, so there are at most as many stages
    as layers.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 9) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology three { workers = groups(1, size = 3), on b { stage = 2 } }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on b { stage = 1 } }
    """

    CODE: ClassVar[str]
    stage: int
    stages: int
    layers: int
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        many = self.stages > self.layers
        title = f"there are {self.stages} stages for {self.layers} layers" if many else f"stage {self.stage} has no layer"
        return error(
            self,
            title,
            Label(self.span, f"stages are counted from 0, so this makes {self.stages} of them"),
            hint="number the stages without a gap, and give each a layer that is trained",
        )
