"""E0902: a kernel that failed."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0902")
class KernelFailed(Facts, frozen=True):
    """The device could not run a kernel.

    Cause:
        Most often the device has no memory left. Else the device or its driver has a fault.

    Cure:
        Take a smaller `batch`; close what else uses the device; the plan's table says how much memory a run is predicted
        to need.
    """

    CODE: ClassVar[str]
    doing: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"the device failed while {self.doing}", None, where=self.reason, hint="if memory ran out, take a smaller `batch`"
        )
