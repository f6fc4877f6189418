"""E0115: something that must be given."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0115")
class NotGiven(Facts, frozen=True):
    """A field or attribute that has no default is left out.

    Wrong:
        data d { x: f32[4], train = csv("a.csv") }
        net n { h = d.x -> dense(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    owner: str
    name: str
    wanted: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.owner}` needs `{self.name}`",
            Label(self.span, f"`{self.name}` is not given"),
            hint=f"`{self.name}` is {self.wanted}",
        )
