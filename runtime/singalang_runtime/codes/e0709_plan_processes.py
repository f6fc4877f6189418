"""E0709: a plan of several processes, run as if it were of one."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0709")
class PlanProcesses(Facts, frozen=True):
    """The plan gives work to several processes, and this version starts none but its own.

    Cause:
        The plan was compiled for a topology with several workers or servers, in processes of their own.

    Cure:
        `singa exec plan.json --local` does the work of all of them in one process, one after the other: with the same results,
        and in the time that all of them need together. Or compile with a topology of one worker.
    """

    CODE: ClassVar[str]
    path: str
    processes: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan is for {self.processes} processes, and this version starts one",
            None,
            where=self.path,
            hint="`--local` does the work of all of them in one process, one after the other",
        )
