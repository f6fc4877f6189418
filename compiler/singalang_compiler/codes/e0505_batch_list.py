"""E0505: a batch list of the wrong length."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0505")
class BatchList(Facts, frozen=True):
    """`batch = [60, 40]` gives each worker of a group its own share of the batch: as many numbers as workers.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = [60, 20, 20]) }
        net n { h = d.x -> dense(3) }
        topology two { workers = groups(1, size = 2) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = [60, 40]) }
        net n { h = d.x -> dense(3) }
        topology two { workers = groups(1, size = 2) }
    """

    CODE: ClassVar[str]
    count: int
    workers: int
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`batch` is a list of {self.count} for a group of {self.workers}",
            Label(self.span, f"{self.workers} per group"),
            Label(self.where, f"{self.count} in the list"),
            hint="write one share for each worker of a group, or one number for all",
        )
