"""E0910: a process of the job is lost."""

from __future__ import annotations

import shlex
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0910")
class ProcessLost(Facts, frozen=True):
    """A process of the job died, was stopped or did not get on, and its group has been started again as often as the topology's
    `restarts` allows. The other processes were ended; the checkpoints made before are good.

    Cause:
        Somebody or the system ended it: for lack of memory it is SIGKILL that a system sends. Or a program stops processes that
        use much. Or the device does not answer.

    Cure:
        Read the log of the process, in the run folder. `singa exec --resume --run DIR` goes on from the last checkpoint, with the
        same results as if nothing had happened. A larger `restarts`, or `none`, does so by itself.
    """

    CODE: ClassVar[str]
    process: str
    happened: str  # such as `was killed by SIGKILL in step 37`
    roles: tuple[str, ...]
    run: str
    log: str | None
    restarts: int
    checkpoint: str | None  # the last one
    out_of_memory: bool

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        told = [f"it did the work of {' and '.join(self.roles)}" if self.roles else "", self._started(), self._left()]
        memory = "the machine ran out of memory: take a smaller `batch` or fewer processes; " if self.out_of_memory else ""
        return error(
            self,
            f"process `{self.process}` {self.happened}",
            None,
            where=f"{self.run}: {'; '.join(part for part in told if part)}",
            hint=f"{memory}to go on from {self.checkpoint or 'the beginning'}: singa exec --resume --run {shlex.quote(self.run)}",
        )

    def _started(self) -> str:
        if not self.restarts:
            return "its group was not started again"
        return f"its group had been started again {self.restarts} time{'s' if self.restarts > 1 else ''}"

    def _left(self) -> str:
        return f"its log is {self.log}" if self.log else ""
