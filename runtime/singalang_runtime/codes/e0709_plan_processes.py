"""E0709: a plan of several processes, where a system can run but one."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0709")
class PlanProcesses(Facts, frozen=True):
    """The plan gives work to several processes, and on this system singalang runs a job in one process only.

    Cause:
        Processes of one job share blocks of memory without a name, and are ended with their parent. Windows has neither.

    Cure:
        Run it under Linux: on Windows in WSL. Or `singa exec plan.json --local`, which does the work of all of them in one
        process, one after the other: with the same results, and in the time that all of them need together.
    """

    CODE: ClassVar[str]
    path: str
    processes: int
    system: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan is for {self.processes} processes, and {self.system or 'this version'} {_runs(self.system)} one",
            None,
            where=self.path,
            hint=f"{_other(self.system)}`--local` does the work of all of them in one process, one after the other",
        )


def _runs(system: str | None) -> str:
    return "starts" if system is None else "can run"


def _other(system: str | None) -> str:
    return "run it under Linux (in WSL), or: " if system == "Windows" else "run it under Linux, or: " if system else ""
