"""E0131: a setting without KEY=VALUE."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0131")
class BadSetting(Facts, frozen=True):
    """What follows `--set` must be a key, `=`, and a value, without blanks around `=`.

    Cause:
        `singac model.singa --set batch 32`

    Cure:
        `singac model.singa --set batch=32`
    """

    CODE: ClassVar[str]
    text: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.text}` is no setting",
            Label(self.span, "a setting is KEY=VALUE"),
            hint="for example `--set batch=32` or `--set train.steps=100`",
        )
