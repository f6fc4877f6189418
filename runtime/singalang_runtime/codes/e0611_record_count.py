"""E0611: another number of training records than the program says."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, warning


@code("E0611")
class RecordCount(Facts, frozen=True):
    """The training data have another number of records than `records` says, from which the plan's steps were counted.

    Cause:
        The data grew or shrank since the program was written. Training goes on with the steps of the plan, so that
        `epochs(n)` means slightly more or less than n times all records.

    Cure:
        Write the number of records that the data have, or leave `records` out: then it is counted when the data are opened.
    """

    CODE: ClassVar[str]
    data: str
    written: int
    counted: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            f"`{self.data}` has {self.counted} training records, not {self.written}",
            None,
            hint=f"write `records = {self.counted}`, or leave it out",
            where=f"records = {self.written}",
        )
