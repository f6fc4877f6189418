"""E0123: an arg without a value."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0123")
class ArgNotGiven(Facts, frozen=True):
    """An arg without a default must be given on the command line.

    Wrong:
        arg width: int
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(width) }

    Right:
        arg width: int = 8
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(width) }
    """

    CODE: ClassVar[str]
    name: str
    flag: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"arg `{self.name}` has no value",
            Label(self.span, "it has no default"),
            hint=f"give it with `--set {self.flag}=...`, or write a default",
        )
