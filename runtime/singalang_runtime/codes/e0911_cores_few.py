"""E0911: more processes than cores."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, warning


@code("E0911")
class CoresFew(Facts, frozen=True):
    """The plan's processes are meant to have a core each, and fewer cores are free for them. The run gives the same results, and
    takes longer than predicted.

    Cause:
        The plan was made for a machine with more cores, or the system binds this program to some of them (`taskset`, a container).

    Cure:
        Take a topology of fewer processes: `singac model.singa --topology NAME`, or one written for this machine.
    """

    CODE: ClassVar[str]
    path: str
    processes: int
    cores: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            f"{self.processes} processes share {self.cores} core{'s' if self.cores > 1 else ''}",
            None,
            where=self.path,
            hint=f"a topology of {_at_most(self.cores)} is likely to be faster here",
        )


def _at_most(cores: int) -> str:
    return f"at most {cores} processes" if cores > 1 else "one process"
