"""E0212: an operator that layers do not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0212")
class LayerOperator(Facts, frozen=True):
    """On layers `a + b` is `add`, `a * b` is `mul`, a number times a layer is `scale`, and `a - b` is `add` of `scale(-1)`.
    Other operators have no meaning for them; conditions are decided by the compiler and cannot look at data.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { a = d.x -> dense(4), h = a / 2 }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { a = d.x -> dense(4), h = 0.5 * a }
    """

    CODE: ClassVar[str]
    operator: str
    span: Span
    operands: tuple[str, ...]
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.operator}` cannot be used on layers so",
            Label(self.span, "it is given " + " and ".join(self.operands)),
            hint=self.hint or "layers take `a + b`, `a - b`, `a * b`, and a number times a layer",
        )
