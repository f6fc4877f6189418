"""E0118: the wrong unit."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0118")
class WrongUnit(Facts, frozen=True):
    """A number has a unit where none is wanted, or another one than the field takes, or none where one is needed.

    Wrong:
        topology two { workers = groups(1, size = 2), heartbeat = 2 }

    Right:
        topology two { workers = groups(1, size = 2), heartbeat = 2s }
    """

    CODE: ClassVar[str]
    name: str
    wanted: str
    got: str
    span: Span
    hint: str | None = None
    use: Span | None = None  # where the value is used, if it is written elsewhere

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        used = (Label(self.use, f"used here as `{self.name}`"),) if self.use else ()
        return error(self, f"`{self.name}` wants {self.wanted}", Label(self.span, f"this is {self.got}"), *used, hint=self.hint)
