"""E0905: a phase without data."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0905")
class NoSource(Facts, frozen=True):
    """The phase that was asked for has no source: the program gives data to other phases only.

    Cause:
        The `data` section names no source for this phase.

    Cure:
        Add one to the program, such as `test = npz("test.npz", batch = 100)`, or ask for a phase that has one.
    """

    CODE: ClassVar[str]
    plan: str
    phase: str
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan has no data for `{self.phase}`",
            None,
            where=self.plan,
            hint=f"it has data for: {', '.join(self.known)}" if self.known else "add a source to the `data` section",
        )
