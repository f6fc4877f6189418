"""E0007: nested too deeply."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0007")
class TooDeep(Facts, frozen=True):
    """Brackets, blocks and operators may be nested some levels deep only: 64 brackets, 200 levels in all. No
    program needs more, and a limit keeps the compiler safe from texts that machines made. A sum of hundreds of
    terms is a level for each term: use `sum([...])`.

    Wrong:
        x = ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((
            1
            ))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

    Right:
        x = (3)
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(x), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    limit: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "give parts of it names of their own; a long sum is `sum([...])`"
        return error(self, "nested too deeply", Label(self.span, f"more than {self.limit} levels are open here"), hint=hint)
