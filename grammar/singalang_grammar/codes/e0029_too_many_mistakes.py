"""E0029: more mistakes than can be told apart."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0029")
class TooManyMistakes(Facts, frozen=True):
    """After twenty mistakes of syntax the compiler stops reading: more would only bury the first ones, and the
    text may not be a program at all.

    Cause:
        A bracket or quote that went missing far above, or a file that is no program.

    Cure:
        Mend the first mistakes, then look again.
    """

    CODE: ClassVar[str]
    span: Span
    limit: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"more than {self.limit} mistakes"
        return error(self, title, Label(self.span, "the text was read as far as here"), hint="mend the first ones, then look again")
