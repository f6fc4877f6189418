"""E0602: a data file is damaged, or in another format."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0602")
class CorruptData(Facts, frozen=True):
    """A data file is not in the format of its source, ends too early, or is damaged. Nothing of it is used.

    Cause:
        A copy or a download broke off, a program that wrote the file was stopped, the file was edited, or the program names
        the wrong source for it, such as `csv` for a kvfile.

    Cure:
        Copy or make the file again and compare its size with the original's, or name the source that reads its format.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
