"""E0113: a number out of bounds."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0113")
class OutOfBounds(Facts, frozen=True):
    """A number is outside what a field or attribute can take.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(0) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(1) }
    """

    CODE: ClassVar[str]
    name: str
    condition: str
    got: str
    span: Span
    use: Span | None = None  # where the value is used, if it is written elsewhere

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        used = (Label(self.use, f"used here as `{self.name}`"),) if self.use else ()
        condition = self.condition.replace("x", f"`{self.name}`")
        return error(
            self, f"`{self.name}` is out of bounds", Label(self.span, f"this is {self.got}"), *used, hint=f"wanted: {condition}"
        )
