"""E0006: a string without its end."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0006")
class UnclosedString(Facts, frozen=True):
    """A string begins and ends with `"` on one line. Longer texts are joined with `+`.

    Wrong:
        arg dir = "images
        data d { x: f32[4], y: class(3), train = csv(dir + "/a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        arg dir = "images"
        data d { x: f32[4], y: class(3), train = csv(dir + "/a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = 'end it with `"` on the same line; a `"` inside is written `\\"`'
        return error(self, "a string is not closed", Label(self.span, "it begins here and the line ends before it does"), hint=hint)
