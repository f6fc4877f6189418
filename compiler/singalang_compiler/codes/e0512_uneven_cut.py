"""E0512: a layer that cannot be cut evenly."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0512")
class UnevenCut(Facts, frozen=True):
    """A layer that is cut by `feature` gives every worker of its stage an equal part of its units, filters or channels, so their
    number must be a multiple of the number of workers.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> h: dense(5) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on h { partition = feature } }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> h: dense(6) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology two { workers = groups(1, size = 2), on h { partition = feature } }
    """

    CODE: ClassVar[str]
    layer: str
    what: str  # `axis 1 of its output`
    length: int
    workers: int
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        numbers = [str(count) for count in range(2, min(self.length, 64) + 1) if self.length % count == 0]
        able = f"{', '.join(numbers[:6])} workers share it evenly" if numbers else "no number of workers above 1 shares it evenly"
        return error(
            self,
            f"`{self.layer}` cannot be cut evenly among {self.workers} workers",
            Label(self.span, f"cuts {self.what}"),
            Label(self.where, f"{self.what} has length {self.length}"),
            hint=f"{able}; or cut it by `batch`",
        )
