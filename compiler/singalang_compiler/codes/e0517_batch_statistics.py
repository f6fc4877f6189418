"""E0517: statistics of a whole batch that never is in one place."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0517")
class BatchStatistics(Facts, frozen=True):
    """A layer that needs statistics of the whole batch, such as `batchnorm` with `over = batch`, cannot work on one micro-batch
    or shard after the other: the first would need to wait for the last.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(4) -> batchnorm -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), micro_batches = 2 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(4) -> batchnorm(over = local) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), micro_batches = 2 }
    """

    CODE: ClassVar[str]
    layer: str
    what: str  # `2 micro-batches`
    cure: str  # use `micro_batches = 1`
    span: Span
    where: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        said = (Label(self.where, "the batch is divided here"),) if self.where else ()
        return error(
            self,
            f"`{self.layer}` needs statistics of the whole batch, which comes in {self.what}",
            Label(self.span, f"`{self.layer}` shares statistics of the batch"),
            *said,
            hint=f"{self.cure}; a `batchnorm` may use `over = local`, which is an approximation",
        )
