"""E0701: a plan that cannot be read."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0701")
class PlanMissing(Facts, frozen=True):
    """There is no plan at the path that was given, or it cannot be read.

    Cause:
        The path is mistyped, the program has not been compiled yet, or the file may not be read by you.

    Cure:
        Compile the program first (`singac model.singa -o plan.json`), then give the path of the plan.
    """

    CODE: ClassVar[str]
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.path}` cannot be read",
            None,
            where=f"{self.path}: {self.reason}",
            hint="`singac model.singa -o plan.json` writes a plan",
        )
