"""E0122: a setting of nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0122")
class UnknownSetting(Facts, frozen=True):
    """`--set KEY=VALUE` reaches the args of a file (`--set batch=32`), those of an imported file (`--set blocks.width=8`)
    and the fields of a section (`--set train.steps=10`, `--set train.finetune.steps=10` where there are several). Nets
    change through args alone.

    Cause:
        `singac model.singa --set bacth=32`, where the program has `arg batch = 64`.

    Cure:
        use the name that the program has: `--set batch=32`.
    """

    CODE: ClassVar[str]
    key: str
    span: Span
    known: tuple[str, ...] = ()
    reason: str = "the program has no such argument or field"
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = self.hint or did_you_mean(self.key, self.known)
        if hint is None and self.known:
            hint = "it has: " + ", ".join(self.known[:12])
        return error(self, f"`{self.key}` cannot be set", Label(self.span, self.reason), hint=hint)
