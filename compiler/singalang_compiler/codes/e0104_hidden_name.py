"""E0104: a name that hides another."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0104")
class HiddenName(Facts, frozen=True):
    """A loop variable, an input or attribute of a block, a value of a net or a constant has the name of something that can
    be seen from there: of the file, of an import, or of a built-in function. A reader could not tell which one a use
    means.

    Wrong:
        k = 3
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> for k in 1..3 { fc: dense(k) } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> for k in 1..3 { fc: dense(k) } }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    what: str  # what has the name already: `a constant`, `a built-in function`
    first: Span | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        secondary = (Label(self.first, f"{self.what} of this name"),) if self.first else ()
        return error(
            self,
            f"`{self.name}` hides {self.what}",
            Label(self.span, "this name is taken already"),
            *secondary,
            hint="take another name: one name means one thing wherever it can be seen",
        )
