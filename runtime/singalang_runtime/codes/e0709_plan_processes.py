"""E0709: a plan for more processes than can be run."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0709")
class PlanProcesses(Facts, frozen=True):
    """The plan gives work to several processes; this version runs plans of one worker.

    Cause:
        The plan was made by a newer version, for a topology with several workers or servers.

    Cure:
        Choose a topology of one worker when compiling, or run the plan with the version that made it.
    """

    CODE: ClassVar[str]
    path: str
    processes: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan is for {self.processes} processes, and this version runs one",
            None,
            where=self.path,
            hint="compile with a topology of one worker",
        )
