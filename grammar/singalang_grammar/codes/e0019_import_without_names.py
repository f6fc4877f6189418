"""E0019: an import that does not say what."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0019")
class ImportWithoutNames(Facts, frozen=True):
    """An import names what it takes from the other file, or says `all`.

    Wrong:
        import "examples/digits_cnn.singa"
        train { steps = 10 }

    Right:
        import all from "examples/digits_cnn.singa"
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `import all from {self.span.text}`, or name what you need: `import a, b from {self.span.text}`"
        return error(self, "the import does not say what to import", Label(self.span, "names are missing before this"), hint=hint)
