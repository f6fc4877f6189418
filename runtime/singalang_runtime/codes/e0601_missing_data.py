"""E0601: a data file is not there."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0601")
class MissingData(Facts, frozen=True):
    """A file that the plan reads its records from is not there, or cannot be read.

    Cause:
        The path in the program is misspelt, the file lies in another folder, or reading it is not permitted. Relative paths
        are looked for under the folder given with `--data`, which is the current folder if none is given.

    Cure:
        Put the file where the program says, or give its folder: `singa exec plan.json --data ../data`.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
