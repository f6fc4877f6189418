"""E0513: a stage that needs a later one."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0513")
class StagesBackward(Facts, frozen=True):
    """Values flow through the stages of a pipeline from the first to the last: a layer reads layers of its own stage or earlier
    ones.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on a { stage = 1 }, on b { stage = 0 } }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on a { stage = 0 }, on b { stage = 1 } }
    """

    CODE: ClassVar[str]
    layer: str
    stage: int
    source: str
    source_stage: int
    span: Span
    where: Span
    said: Span | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        here = Label(self.span, f"`{self.layer}` is in stage {self.stage}")
        labels = (Label(self.said, f"`{self.layer}` is put into stage {self.stage}"), here) if self.said else (here,)
        return error(
            self,
            f"`{self.layer}` in stage {self.stage} reads `{self.source}`, which is in stage {self.source_stage}",
            *labels,
            Label(self.where, f"`{self.source}` is in stage {self.source_stage}"),
            hint=f"put `{self.layer}` into stage {self.source_stage} or a later one; without a rule it is in that of its inputs",
        )
