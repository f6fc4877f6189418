"""E0603: records have another number of values than declared."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0603")
class RecordShape(Facts, frozen=True):
    """A record of the data has another number of values than the program declares for its fields.

    Cause:
        The declared shape is that of other data, a column of the file is missing or one too many, or features and labels were
        mixed up. Only the number of values counts: 784 values may be declared as `f32[784]` or `f32[1, 28, 28]`.

    Cure:
        Declare the shape that the records have, and compile again.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
