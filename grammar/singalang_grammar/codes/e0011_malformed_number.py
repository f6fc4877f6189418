"""E0011: a number written in a way the language does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0011")
class MalformedNumber(Facts, frozen=True):
    """A number has decimal digits, which `_` may group, perhaps a fraction with digits on both sides or behind
    the dot, perhaps an exponent, perhaps a unit: 1_000, 0.5, .5, 5e-4, 64KiB. There are no other bases.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 0x10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 16 }
    """

    CODE: ClassVar[str]
    span: Span
    right: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `{self.right}`" if self.right else "numbers look like 1_000, 0.5, 5e-4, 64KiB"
        return error(self, f"`{self.span.text}` is not a number", Label(self.span, "a number cannot be written so"), hint=hint)
