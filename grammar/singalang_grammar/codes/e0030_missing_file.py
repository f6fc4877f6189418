"""E0030: a file that is not there."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0030")
class MissingFile(Facts, frozen=True):
    """The file that was named cannot be found.

    Cause:
        A path is looked up from the folder in which the command runs, that of an import from the folder of the importing file.

    Cure:
        Check the name and the folder.
    """

    CODE: ClassVar[str]
    path: str
    near: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"did you mean `{self.near}`?" if self.near else "check the name and the current folder"
        return error(self, f"no file `{self.path}`", None, hint=hint, where=self.path)
