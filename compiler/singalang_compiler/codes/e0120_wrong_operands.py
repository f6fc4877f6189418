"""E0120: an operator on values that it does not take."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0120")
class WrongOperands(Facts, frozen=True):
    """An operator or a built-in function is used on values that it does not take, such as a string and a number.

    Wrong:
        dir = "data" + 1
        data d { x: f32[4], train = csv(dir, batch = 8) }
        net n { h = d.x -> dense(3) }

    Right:
        dir = "data" + "1"
        data d { x: f32[4], train = csv(dir, batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    operator: str
    operands: tuple[str, ...]
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.operator}` cannot be used here",
            Label(self.span, "it is given " + " and ".join(self.operands)),
            hint=self.hint,
        )
