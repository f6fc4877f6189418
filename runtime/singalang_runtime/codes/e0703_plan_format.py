"""E0703: a plan of another format."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0703")
class PlanFormat(Facts, frozen=True):
    """The plan was made by a singalang whose plans this version does not understand.

    Cause:
        Plans carry a format version; a plan of another major version means something else and is refused rather than
        guessed at.

    Cure:
        Compile the program again with this version, or run the plan with the version that made it.
    """

    CODE: ClassVar[str]
    path: str
    found: str
    known: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan has format {self.found}, and this version runs format {self.known}",
            None,
            where=self.path,
            hint="compile the program again with this version of `singac`",
        )
