"""E0606: a field without a column."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0606")
class NoColumn(Facts, frozen=True):
    """The data have no column for a field that the program declares.

    Cause:
        In a source whose columns have names a field takes the column of its own name, and there is none of that name; or the
        data come without labels.

    Cure:
        Give the field the name of the column, or add the column to the data.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
