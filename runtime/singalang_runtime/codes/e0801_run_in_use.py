"""E0801: a run folder in use."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0801")
class RunInUse(Facts, frozen=True):
    """Another process is writing to this run folder. Two writers would spoil each other's metrics and checkpoints.

    Cause:
        The run is still going on, perhaps in another terminal.

    Cure:
        Wait for it, stop it with Ctrl-C, or give another folder with `--run`.
    """

    CODE: ClassVar[str]
    run: str
    pid: int | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        by = f" by process {self.pid}" if self.pid else ""
        return error(
            self,
            f"the run folder is in use{by}",
            None,
            where=self.run,
            hint="wait until it ends, stop it with Ctrl-C, or take another folder with `--run`",
        )
