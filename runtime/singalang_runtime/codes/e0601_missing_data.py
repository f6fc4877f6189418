"""E0601: a data file is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, code, error


@code("E0601")
@dataclass(frozen=True, slots=True)
class MissingData:
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
