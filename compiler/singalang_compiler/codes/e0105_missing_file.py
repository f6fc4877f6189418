"""E0105: a file that cannot be read."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0105")
class MissingFile(Facts, frozen=True):
    """An imported file is not there, or cannot be read. Paths are relative to the folder of the importing file.

    Wrong:
        import all from "nowhere.singa"

    Right:
        # a file that needs nobody
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    path: str
    span: Span
    reason: str = "there is no such file"

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"cannot read `{self.path}`",
            Label(self.span, self.reason),
            hint="paths are relative to the file that imports",
        )
