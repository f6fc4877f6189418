"""E0028: a value that is missing in one of two cases."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0028")
class IfWithoutElse(Facts, frozen=True):
    """`if c then a else b` is a value in either case, so `else` cannot be left out. In a chain `if c { layers }`
    leaves layers out where `c` is false.

    Wrong:
        arg size = 4
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  = if size == 4 then 2
        }

    Right:
        arg size = 4
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  = if size == 4 then 2 else 1
        }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "write `if c then a else b`; in a chain `if c { layer }` needs no `else`"
        return error(self, "`if ... then ...` without `else`", Label(self.span, "this `if` has no `else`"), hint=hint)
