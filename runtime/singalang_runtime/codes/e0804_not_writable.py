"""E0804: a folder that cannot be written."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0804")
class NotWritable(Facts, frozen=True):
    """A file of the run cannot be written. What was written before is left as it is.

    Cause:
        The folder is read-only, belongs to somebody else, or its disk has a fault.

    Cure:
        Take a folder that you may write to, with `--run`.
    """

    CODE: ClassVar[str]
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.path}` cannot be written",
            None,
            where=f"{self.path}: {self.reason}",
            hint="take another folder with `--run`",
        )
