"""E0111: a word that is not in the list."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0111")
class UnknownWord(Facts, frozen=True):
    """Some fields and attributes take one of a closed list of words, written without quotes.

    Wrong:
        topology two { workers = groups(1, size = 2), partition = feautre }

    Right:
        topology two { workers = groups(1, size = 2), partition = feature }
    """

    CODE: ClassVar[str]
    word: str
    name: str
    span: Span
    words: tuple[str, ...]
    use: Span | None = None  # where the value is used, if it is written elsewhere

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        used = (Label(self.use, f"used here as `{self.name}`"),) if self.use else ()
        near = did_you_mean(self.word, self.words)
        values = "values: " + ", ".join(self.words)
        return error(
            self,
            f"`{self.word}` is not a value of `{self.name}`",
            Label(self.span, "unknown value"),
            *used,
            hint=f"{near} {values}" if near else values,
        )
