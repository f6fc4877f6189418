"""E0005: a bracket that is never closed."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0005")
class UnclosedBracket(Facts, frozen=True):
    """Every `{`, `(` and `[` needs its partner. Where one is missing, everything after it seems to lie inside;
    the compiler takes the indentation as a guide to the bracket that is meant.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n {
          h = d.x -> dense(3
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
    place: Span | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        closer = {"{": "}", "(": ")", "[": "]"}[self.span.text]
        found = [Label(self.place, f"`{closer}` is missing before this")] if self.place else []
        title = f"`{self.span.text}` is never closed"
        return error(self, title, Label(self.span, "opened here"), *found, hint=f"add `{closer}` where it ends")
