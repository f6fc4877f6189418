"""E0033: a file too large to be a program."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0033")
class TooLargeFile(Facts, frozen=True):
    """A program larger than 16 MiB is refused, so that a data file named by mistake is not read into memory.

    Cause:
        A data file was named, or a program was made by a machine without loops.

    Cure:
        Name the program; use `for` and blocks to repeat layers.
    """

    CODE: ClassVar[str]
    path: str
    size: int
    limit: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"`{self.path}` is too large: {self.size:,} bytes"
        hint = f"a program has at most {self.limit // 2**20} MiB; is this a data file?"
        return error(self, title, None, hint=hint, where=self.path)
