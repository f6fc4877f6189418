"""E0114: something given twice."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0114")
class GivenTwice(Facts, frozen=True):
    """A field or attribute gets two values: by name twice, or by place and by name. Arguments by place fill the attributes
    in their order.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3, units = 4) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(units = 4) }
    """

    CODE: ClassVar[str]
    name: str
    first: Span
    again: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"`{self.name}` is given twice", Label(self.again, "given again here"), Label(self.first, "first given here")
        )
