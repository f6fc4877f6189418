"""E0404: a phase without a source."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0404")
class NoSource(Facts, frozen=True):
    """Each phase takes its records from its own source; a training needs `train`, and a periodic test or validation needs
    `test` or `val`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, test = every(5) }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8), test = csv("b.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, test = every(5) }
    """

    CODE: ClassVar[str]
    phase: str
    data: str
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"data section `{self.data}` has no source for phase `{self.phase}`",
            Label(self.span, "asked for here"),
            Label(self.where, f"`{self.phase} = ...` is not in it"),
            hint=f"give the section a source: `{self.phase} = csv(...)`",
        )
