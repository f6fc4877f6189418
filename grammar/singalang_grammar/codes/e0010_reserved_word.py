"""E0010: a reserved word used as a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0010")
@dataclass(frozen=True, slots=True)
class ReservedWord:
    """Nineteen words belong to the grammar: all and arg block else false for from if import in none not on or
    return then true when. They cannot name a value, a field or a layer.

    Wrong:
        net n { in = d.image -> relu }

    Right:
        net n { input = d.image -> relu }
    """

    CODE: ClassVar[str]
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        word = self.span.text
        hint = f"take another name, such as `{word}_` or a longer word"
        return error(self, f"`{word}` is a reserved word", Label(self.span, "cannot be used as a name"), hint=hint)
