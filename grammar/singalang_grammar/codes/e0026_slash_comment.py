"""E0026: a comment in the manner of C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0026")
@dataclass(frozen=True, slots=True)
class SlashComment:
    """Comments begin with `#` and end with the line. `//` is division without remainder.

    Wrong:
        train {
          // a short run
          steps = 100
        }

    Right:
        train {
          # a short run
          steps = 100
        }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"`{self.span.text}` does not begin a comment", Label(self.span, "this divides"), hint="comments begin with `#`"
        )
