"""E0201: a layer that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0201")
class UnknownLayer(Facts, frozen=True):
    """Behind `->` stands a name that no layer of the library, no imported Python layer and no block has.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(8) -> rleu }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(8) -> relu }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    known: tuple[str, ...]
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = self.hint or did_you_mean(self.name, self.known)
        if hint is None and self.known:
            hint = "known: " + ", ".join(sorted(set(self.known)))
        return error(self, f"unknown layer `{self.name}`", Label(self.span, "no layer or block has this name"), hint=hint)
