"""E0514: workers that stages cannot share evenly."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0514")
class StageWorkers(Facts, frozen=True):
    """The workers of a group are divided evenly among the stages of the pipeline.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 9) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology three { workers = groups(1, size = 3), on b { stage = 1 } }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> a: dense(4) -> b: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology four { workers = groups(1, size = 4), on b { stage = 1 } }
    """

    CODE: ClassVar[str]
    workers: int
    stages: int
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        above = -(-self.workers // self.stages) * self.stages
        below = above - self.stages
        near = f"{below} or {above}" if below else str(above)
        return error(
            self,
            f"{self.workers} workers cannot be divided evenly among {self.stages} stages",
            Label(self.span, f"{self.workers} workers per group"),
            hint=f"use a multiple of {self.stages} workers in a group ({near}), or another number of stages",
        )
