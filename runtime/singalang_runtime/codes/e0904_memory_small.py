"""E0904: a machine that may have too little memory."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, warning


@code("E0904")
class MemorySmall(Facts, frozen=True):
    """The run is predicted to need more memory than is free now. It is tried all the same, since the prediction may be too
    high.

    Cause:
        Other programs use the memory, or the net and its batch are large for this machine.

    Cure:
        Close other programs, or take a smaller `batch`.
    """

    CODE: ClassVar[str]
    needed_bytes: int
    free_bytes: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            f"the run may need {self.needed_bytes / 1e9:,.1f} GB of memory, and {self.free_bytes / 1e9:,.1f} GB are free",
            None,
            hint="if it is stopped for lack of memory, take a smaller `batch`",
        )
