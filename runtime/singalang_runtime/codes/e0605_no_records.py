"""E0605: a source without a record."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0605")
class NoRecords(Facts, frozen=True):
    """The source can be read, but there is no record in it.

    Cause:
        The file is empty, or holds only a header or comments.

    Cure:
        Give the source a file with records.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
