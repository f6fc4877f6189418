"""E0027: an unknown escape in a string."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0027")
class UnknownEscape(Facts, frozen=True):
    r"""In a string `\` begins an escape: `\n` a new line, `\t` a tab, `\"` a quote, `\\` the stroke itself.
    There are no others. Paths are written with `/` on every system.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("data\images.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("data/images.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "write `/` in a path, or `\\\\` for the stroke itself"
        return error(self, f"unknown escape `{self.span.text}`", Label(self.span, "stands for nothing"), hint=hint)
