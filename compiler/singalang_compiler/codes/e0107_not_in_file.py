"""E0107: a name that an imported file lacks."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0107")
class NotInFile(Facts, frozen=True):
    """A name is imported from a file that does not define it. Of a `.singa` file data sections, nets, blocks, args,
    constants and topologies can be imported by name; of a `.py` file the classes marked with a decorator, by the name in
    the decorator.

    Cause:
        `import resnet from "blocks.singa"`, where blocks.singa defines `residual` only.

    Cure:
        import a name that the file defines: `import residual from "blocks.singa"`.
    """

    CODE: ClassVar[str]
    name: str
    path: str
    span: Span
    known: tuple[str, ...] = ()

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.path}` has no `{self.name}`",
            Label(self.span, "nothing in that file has this name"),
            hint=did_you_mean(self.name, self.known),
        )
