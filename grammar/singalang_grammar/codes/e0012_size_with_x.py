"""E0012: a size such as 3x3."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0012")
class SizeWithX(Facts, frozen=True):
    """A size with several parts is a list or tuple, or one number where all parts are equal: a 3x3 kernel is
    `kernel = 3` or `kernel = (3, 3)`.

    Wrong:
        data d { x: f32[1, 8, 8], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> conv(4, 3x3) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[1, 8, 8], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> conv(4, 3) -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    parts: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        same = f"`{self.parts[0]}` or " if len(set(self.parts)) == 1 else ""
        hint = f"write {same}`({', '.join(self.parts)})`"
        return error(self, f"`{self.span.text}` is not a number", Label(self.span, "sizes are not joined with `x`"), hint=hint)
