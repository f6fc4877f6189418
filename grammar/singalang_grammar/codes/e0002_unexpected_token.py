"""E0002: a word or sign where something else is needed."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0002")
class UnexpectedToken(Facts, frozen=True):
    """At this place the grammar asks for something else. The label says what may stand here; often a word before
    this one is missing, or this one stands too early.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          on { bias = 0 }
          loss = (d.x -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          on all dense { bias = 0 }
          loss = (d.x -> dense(3), d.y) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    allowed: str
    end: bool = False
    word: bool = False

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = "the text ends too early" if self.end else f"unexpected `{self.span.text}`"
        hint = f"`{self.span.text}` is a reserved word of the language" if self.word else None
        return error(self, title, Label(self.span, f"here may stand {self.allowed}"), hint=hint)
