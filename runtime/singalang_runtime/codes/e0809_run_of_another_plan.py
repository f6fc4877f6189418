"""E0809: a run of another plan."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0809")
class RunOfAnotherPlan(Facts, frozen=True):
    """A run goes on with the plan it was begun with, and the plan that was given is another one.

    Cause:
        The program was compiled again with changes since the run began.

    Cure:
        Leave the plan out (`singa exec --resume --run DIR`) to go on with the run's own, or begin a new run.
    """

    CODE: ClassVar[str]
    run: str
    plan: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the run was begun with another plan than `{self.plan}`",
            None,
            where=self.run,
            hint=f"`singa exec --resume --run {self.run}` goes on with the run's own plan",
        )
