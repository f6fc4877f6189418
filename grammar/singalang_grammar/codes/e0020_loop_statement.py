"""E0020: `for` or `if` as a statement."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0020")
class LoopStatement(Facts, frozen=True):
    """`for` and `if` are pieces of a chain: they stand after `->` and repeat or leave out layers. As a value
    there is `if c then a else b`, and `[f(k) for k in list]`; statements of their own they are not.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          for i in 1..3 { h = d.x -> dense(10) }
          loss = (d.x -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> for i in 1..3 { dense(10) }
          loss = (h -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    cannot: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        word = self.span.text
        if self.cannot == "follow a value":
            hint = "write `if c then a else b`"
        elif word == "for":
            hint = "put it into a chain, `x = input -> for i in 1..3 { dense(10) }`, or into a list, `[f(i) for i in 1..3]`"
        else:
            hint = "put it into a chain, `x -> if c { relu }`, or into a value, `y = if c then a else b`"
        return error(self, f"`{word}` cannot {self.cannot}", Label(self.span, "it belongs into a chain or a value"), hint=hint)
