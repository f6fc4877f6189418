"""E0110: a field or attribute that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0110")
class UnknownField(Facts, frozen=True):
    """A section is given a field, or a layer or another kind an attribute, that it does not have. Nothing is taken silently.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(unit = 3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(units = 3) }
    """

    CODE: ClassVar[str]
    owner: str
    name: str
    span: Span
    known: tuple[str, ...]
    what: str = "field"  # or `attribute`
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = self.hint or did_you_mean(self.name, self.known)
        if hint is None:
            hint = f"{self.what}s: " + ", ".join(self.known) if self.known else f"`{self.owner}` has no {self.what}s"
        return error(self, f"`{self.owner}` has no {self.what} `{self.name}`", Label(self.span, f"unknown {self.what}"), hint=hint)
