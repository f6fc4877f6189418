"""E0106: files that import one another."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0106")
class ImportCycle(Facts, frozen=True):
    """A file imports itself, by itself or through other files. Which of their definitions come first could not be told.

    Wrong:
        import all from "main.singa"

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    path: str
    span: Span
    cycle: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "files import one another: " + " -> ".join(self.cycle),
            Label(self.span, f"`{self.path}` is being read already"),
            hint="put what both need into a third file",
        )
