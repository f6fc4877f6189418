"""E0501: a batch that cannot be divided."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0501")
class UnevenBatch(Facts, frozen=True):
    """`batch` is the batch of one group of workers, which share it evenly (those of each stage, where there are stages). Uneven
    shares have to be written: `batch = [60, 40]`.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 100) }
        net n { h = d.x -> dense(3) }
        topology wide { workers = groups(1, size = 8) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 96) }
        net n { h = d.x -> dense(3) }
        topology wide { workers = groups(1, size = 8) }
    """

    CODE: ClassVar[str]
    batch: int
    workers: int
    data: str
    span: Span
    source: Span
    partition: Span | None = None
    stages: int = 1

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        above = -(-self.batch // self.workers) * self.workers
        below = above - self.workers
        near = f"{below} or {above}" if below > 0 else str(above)
        split = (Label(self.partition, "every layer is split along the batch"),) if self.partition else ()
        return error(
            self,
            f"batch {self.batch} cannot be divided evenly among {self.workers} workers",
            Label(self.span, f"{self.workers} workers per {'group' if self.stages == 1 else 'stage'}"),
            Label(self.source, f"`{self.data}` has batch {self.batch}"),
            *split,
            hint=f"use a batch that is a multiple of {self.workers} ({near}), or `partition = feature`",
        )
