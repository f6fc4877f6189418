"""E0012: a size such as 3x3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0012")
@dataclass(frozen=True, slots=True)
class SizeWithX:
    """A size with several parts is a list or tuple, or one number where all parts are equal: a 3x3 kernel is
    `kernel = 3` or `kernel = (3, 3)`.

    Wrong:
        net n { x = d.image -> conv(32, 3x3) }

    Right:
        net n { x = d.image -> conv(32, 3) }
    """

    CODE: ClassVar[str]
    span: Span
    parts: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        same = f"`{self.parts[0]}` or " if len(set(self.parts)) == 1 else ""
        hint = f"write {same}`({', '.join(self.parts)})`"
        return error(self, f"`{self.span.text}` is not a number", Label(self.span, "sizes are not joined with `x`"), hint=hint)
