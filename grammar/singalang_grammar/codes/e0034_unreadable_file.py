"""E0034: a file that cannot be read."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0034")
class UnreadableFile(Facts, frozen=True):
    """The file exists, and the system refused to read it.

    Cause:
        Its rights do not allow it, or the disk fails.

    Cure:
        Look at its rights (`ls -l`).
    """

    CODE: ClassVar[str]
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"cannot read `{self.path}`: {self.reason}", None, hint="check its rights", where=self.path)
