"""E0604: a value that its field cannot hold."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0604")
class BadValue(Facts, frozen=True):
    """A value in the data cannot be what its field is declared as: a label outside its classes, a word where a number should
    be, a number that is not finite.

    Cause:
        The labels are counted from 1 where `class(10)` has 0 to 9, the file holds names or missing values, or its values are of
        another type than the source was told (`stored = f32`).

    Cure:
        Mend the data in the place that is named, or declare the field as what the data hold.
    """

    CODE: ClassVar[str]
    text: str
    where: str
    hint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.text, None, hint=self.hint, where=self.where)
