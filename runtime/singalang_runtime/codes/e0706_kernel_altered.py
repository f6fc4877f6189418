"""E0706: a kernel file that was altered."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0706")
class KernelAltered(Facts, frozen=True):
    """A kernel's file does not hold the bytes that the plan names, or nothing that can be read as a kernel.

    Cause:
        The file was damaged on its way, or replaced.

    Cure:
        Compile the program again: `singac` writes every kernel anew.
    """

    CODE: ClassVar[str]
    path: str
    fault: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "a kernel is not the one that the plan names",
            None,
            where=f"{self.path}: {self.fault}",
            hint="compile the program again",
        )
