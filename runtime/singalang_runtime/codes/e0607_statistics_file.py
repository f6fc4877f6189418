"""E0607: a mean or std file that cannot be used."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0607")
class StatisticsFile(Facts, frozen=True):
    """The file that `mean` or `std` names cannot be used for its field.

    Such a file holds one record of as many numbers as the field has, and a deviation is never 0.

    Cause:
        The file is not there, is of another format than its name or the field's source says, or was made from other data.

    Cure:
        Make the file from the training records: one mean (or deviation) for each value of the field. Files called `.npz`
        and `.csv` are read as such, others in the format of the training source.
    """

    CODE: ClassVar[str]
    of: str  # `mean` or `std`
    field: str
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"the `{self.of}` file of `{self.field}` cannot be used: {self.text}", None, hint=self.hint, where=self.where
        )
