"""E0812: a run resumed in other surroundings."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, warning


@code("E0812")
class OtherSurroundings(Facts, frozen=True):
    """The run goes on, yet not to the last bit as it would have gone on where it began: that is promised for the same JAX and
    the same platform only.

    Cause:
        JAX was updated, or the run was moved to another kind of device.

    Cure:
        Nothing needs to be done, unless you want equal bits: then go back to what the run was begun with.
    """

    CODE: ClassVar[str]
    path: str
    then: str
    now: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            "the run goes on in other surroundings than it was begun in",
            None,
            where=f"{self.path}: begun with {self.then}, resumed with {self.now}",
            hint="results may differ in the last digits",
        )
