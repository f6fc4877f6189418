"""E0203: a layer fed what is no layer."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0203")
class NotALayer(Facts, frozen=True):
    """Left of `->` stands something that holds no data: a number, a string, a whole data section.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d -> dense(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    got: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, "a layer can only be fed layers and data fields", Label(self.span, f"this is {self.got}"), hint=self.hint
        )
