"""E0025: `==` where `=` is meant."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0025")
class CompareForAssign(Facts, frozen=True):
    """`==` compares; `=` names a value or sets a field.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps == 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    name: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `{self.name.text} = ...`"
        return error(self, f"`{self.name.text}` is set with `=`", Label(self.span, "this compares"), hint=hint)
