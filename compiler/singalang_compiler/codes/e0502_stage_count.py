"""E0502: a stage without a worker."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0502")
class StageCount(Facts, frozen=True):
    """The stages of a pipeline are spread over the workers of a group, so there are at most as many stages as workers.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> a: dense(4) -> b: dense(3) }
        topology two { workers = groups(1, size = 2), on a { stage = 0 }, on b { stage = 2 } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> a: dense(4) -> b: dense(3) }
        topology two { workers = groups(1, size = 2), on a { stage = 0 }, on b { stage = 1 } }
    """

    CODE: ClassVar[str]
    stage: int
    workers: int
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        count = f"{self.workers} worker{'' if self.workers == 1 else 's'} per group"
        return error(
            self,
            f"there is no worker for stage {self.stage}",
            Label(self.span, "stages are counted from 0"),
            Label(self.where, count),
            hint=f"use stages 0 to {self.workers - 1}, or more workers in a group",
        )
