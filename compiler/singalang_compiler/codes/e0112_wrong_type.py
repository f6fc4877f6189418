"""E0112: a value of the wrong type."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0112")
class WrongType(Facts, frozen=True):
    """A field, attribute or argument is given a value of another type than it takes. A whole number serves where a number is
    wanted; nothing else is converted.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense("3") }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    name: str
    wanted: str
    got: str
    span: Span
    hint: str | None = None
    use: Span | None = None  # where the value is used, if it is written elsewhere

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        used = (Label(self.use, f"used here as `{self.name}`"),) if self.use else ()
        return error(self, f"`{self.name}` wants {self.wanted}", Label(self.span, f"this is {self.got}"), *used, hint=self.hint)
