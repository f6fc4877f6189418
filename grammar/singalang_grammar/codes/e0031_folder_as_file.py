"""E0031: a folder in place of a file."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0031")
class FolderAsFile(Facts, frozen=True):
    """The path names a folder; a program is a file.

    Cause:
        A folder was given, or the name of the file was forgotten.

    Cure:
        Give the path of a `.singa` file.
    """

    CODE: ClassVar[str]
    path: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"`{self.path}` is a folder", None, hint="give the path of a `.singa` file", where=self.path)
