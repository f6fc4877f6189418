"""E0495: a user's kind that gives something else than it said."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0495")
class WrongResult(Facts, frozen=True):
    """A kind in a Python file of yours gives an array of another shape than its kind must give or than it has said itself.

    Cause:
        `forward` of a layer gives (batch, 5) where its `shape` says `[3]`; a loss gives one number for the batch in place of one
        for each record; an updater gives a value of another shape than the parameter's.

    Cure:
        Let `shape` and `forward` agree. The first axis of every array is the batch, which `shape` leaves out.
    """

    CODE: ClassVar[str]
    kind: str
    path: str
    what: str
    found: str
    wanted: tuple[int, ...]
    span: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        fact = f"gives {self.found}, not {list(self.wanted)}"
        return error(
            self,
            f"{self.what} of `{self.kind}` has the wrong shape" if self.span else f"{self.what} of `{self.kind}` {fact}",
            Label(self.span, fact) if self.span else None,
            hint=f"look at `{self.kind}` in `{self.path}`",
            where=None if self.span else self.path,
        )
