"""E0814: a file that cannot be written."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0814")
class NotWritten(Facts, frozen=True):
    """A file that a command was to write cannot be written. What stood in it before still stands there.

    Cause:
        The folder does not exist or may not be written to, a folder has the name of the file, or the disk is full.

    Cure:
        Make the folder, make room, or write to another place.
    """

    CODE: ClassVar[str]
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"`{self.path}` cannot be written", None, where=f"{self.path}: {self.reason[:1].lower()}{self.reason[1:]}"
        )
