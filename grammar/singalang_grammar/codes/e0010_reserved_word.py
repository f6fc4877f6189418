"""E0010: a reserved word used as a name."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0010")
class ReservedWord(Facts, frozen=True):
    """Nineteen words belong to the grammar: all and arg block else false for from if import in none not on or
    return then true when. They cannot name a value, a field or a layer.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> in: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> first: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        word = self.span.text
        hint = f"take another name, such as `{word}_` or a longer word"
        return error(self, f"`{word}` is a reserved word", Label(self.span, "cannot be used as a name"), hint=hint)
