"""E0213: a phase that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0213")
class UnknownPhase(Facts, frozen=True):
    """The phases are a closed list: `train`, `val`, `test`, `deploy`, `sample`.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(4) -> when training { dropout(0.5) } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(4) -> when train { dropout(0.5) } }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        near = did_you_mean(self.name, self.known)
        phases = "phases: " + ", ".join(self.known)
        return error(
            self,
            f"unknown phase `{self.name}`",
            Label(self.span, "no phase has this name"),
            hint=f"{near} {phases}" if near else phases,
        )
