"""E0610: a user's own source failed."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0610")
class SourceFailed(Facts, frozen=True):
    """A source that the program imports from a Python file failed, or gave something else than it was asked for.

    Cause:
        The Python code raised an exception, or an array that it returned has another shape, another dtype or labels outside
        their classes. To tell a user of the source what is wrong with the data it would raise `SourceError`.

    Cure:
        Mend the Python file in the place that is named and compile again; a plan keeps its own copy of the file.
    """

    CODE: ClassVar[str]
    kind: str
    file: str
    text: str  # goes on after the name of the source: `failed: KeyError: 'x'`
    line: int | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        return error(self, f"the source `{self.kind}` {self.text}", None, where=where)
