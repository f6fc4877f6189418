"""E0510: a batch that cannot be divided into micro-batches or shards."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0510")
class UnevenMicroBatches(Facts, frozen=True):
    """With `micro_batches` each worker's share of the batch is divided evenly again, and so is every number of a written list
    `batch = [60, 40]`; with `exact` the batch is divided evenly into `shards`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 12) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), micro_batches = 4 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 16) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), micro_batches = 4 }
    """

    CODE: ClassVar[str]
    batch: int
    parts: int
    what: str  # `4 micro-batches for each of 2 workers`
    data: str
    span: Span
    source: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        above = -(-self.batch // self.parts) * self.parts
        below = above - self.parts
        near = f"{below} or {above}" if below > 0 else str(above)
        return error(
            self,
            f"{self.batch} records cannot be divided evenly into {self.what}",
            Label(self.span, "they are asked for here"),
            Label(self.source, f"`{self.data}` gives {self.batch} records"),
            hint=f"use a multiple of {self.parts} records ({near})",
        )
