"""E0018: True, None or null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Label, code, error
from singalang_grammar.source import Span


@code("E0018")
@dataclass(frozen=True, slots=True)
class ForeignConstant:
    """The constants of the language are `true`, `false` and `none`, in small letters.

    Wrong:
        updater sgd { nesterov = True }

    Right:
        updater sgd { nesterov = true }
    """

    CODE: ClassVar[str]
    span: Span
    right: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"`{self.span.text}` is written `{self.right}`"
        return error(self, title, Label(self.span, "not a word of the language"), hint=f"write `{self.right}`")
