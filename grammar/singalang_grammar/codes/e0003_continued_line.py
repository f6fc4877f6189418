"""E0003: a line that goes on with the one before."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0003")
class ContinuedLine(Facts, frozen=True):
    """Line ends are blanks, so a line that begins with `(`, `[`, `+` or `-` goes on with the statement of the
    line before: `y = a` and then `(b, c) -> f` reads as the call `a(b, c)`. To make sure that it is meant, the
    sign has to stand on the line before.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> dense(3)
          loss = (h, d.y) -> softmax_loss
          (h, d.y) -> softmax_loss(scale = 0.1)
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> dense(3)
          loss = (h, d.y) -> softmax_loss
          more = (h, d.y) -> softmax_loss(scale = 0.1)
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    before: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        sign, last = self.span.text, self.before.text
        if sign in "([":
            hint = f"to begin a new value give it a name: `name = {sign}...`; to go on, put `{sign}` right after `{last}`"
        else:
            hint = f"put `{sign}` at the end of the line before, or parentheses around the whole value"
        return error(
            self,
            f"a line begins with `{sign}`",
            Label(self.span, "this goes on with the line before"),
            Label(self.before, "which ends here"),
            hint=hint,
        )
