"""E0024: `=` where `==` is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0024")
@dataclass(frozen=True, slots=True)
class AssignForCompare:
    """`=` names a value or sets a field; `==` compares.

    Wrong:
        x = if n = 1 then 2 else 3

    Right:
        x = if n == 1 then 2 else 3
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, "`=` does not compare", Label(self.span, "inside a value"), hint="write `==` to compare")
