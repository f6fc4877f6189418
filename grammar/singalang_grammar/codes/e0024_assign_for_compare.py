"""E0024: `=` where `==` is meant."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0024")
class AssignForCompare(Facts, frozen=True):
    """`=` names a value or sets a field; `==` compares.

    Wrong:
        arg size = 4
        units = if size = 4 then 3 else 5
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(units), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        arg size = 4
        units = if size == 4 then 3 else 5
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(units), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, "`=` does not compare", Label(self.span, "inside a value"), hint="write `==` to compare")
