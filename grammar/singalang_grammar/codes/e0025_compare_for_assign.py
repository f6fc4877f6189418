"""E0025: `==` where `=` is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0025")
@dataclass(frozen=True, slots=True)
class CompareForAssign:
    """`==` compares; `=` names a value or sets a field.

    Wrong:
        train { steps == 100 }

    Right:
        train { steps = 100 }
    """

    CODE: ClassVar[str]
    span: Span
    name: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `{self.name.text} = ...`"
        return error(self, f"`{self.name.text}` is set with `=`", Label(self.span, "this compares"), hint=hint)
