"""E0009: quotes other than double quotes."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0009")
class OtherQuotes(Facts, frozen=True):
    """Strings stand between straight double quotes: "text". Single quotes and the curly quotes of word processors
    are not part of the language.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv('a.csv', batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    inner: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        text = "strings stand between straight double quotes"
        return error(self, f"`{self.span.text}` is not a string", Label(self.span, text), hint=f'write `"{self.inner}"`')
