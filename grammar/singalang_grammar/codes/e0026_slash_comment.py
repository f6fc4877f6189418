"""E0026: a comment in the manner of C."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0026")
class SlashComment(Facts, frozen=True):
    """Comments begin with `#` and end with the line. `//` is division without remainder.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          // a short run
          steps = 10
        }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          # a short run
          steps = 10
        }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"`{self.span.text}` does not begin a comment", Label(self.span, "this divides"), hint="comments begin with `#`"
        )
