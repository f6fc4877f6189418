"""E0008: a closing bracket that closes nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0008")
class StrayBracket(Facts, frozen=True):
    """Every `}`, `)` and `]` closes the bracket opened last before it. This one has no partner: it is one too
    many, or an opening one before it is missing.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> dense(3))
          loss = (h, d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> dense(3)
          loss = (h, d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"`{self.span.text}` closes nothing"
        return error(self, title, Label(self.span, "one closing bracket too many"), hint="take it out")
