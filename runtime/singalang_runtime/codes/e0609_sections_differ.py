"""E0609: data sections that cannot be read together."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0609")
class SectionsDiffer(Facts, frozen=True):
    """A net that reads several data sections takes record i of each as one, but the sections do not go together.

    Cause:
        The files have different numbers of records, or the sources of a phase differ in `batch`, `shuffle` or `random_skip`.

    Cure:
        Use files made from the same records in the same order, and give the sources the same settings.
    """

    CODE: ClassVar[str]
    phase: str
    what: str  # `records`, `batch`, `shuffle` or `random_skip`
    first: str
    first_has: str
    second: str
    second_has: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.first}` and `{self.second}` are read together but differ",
            None,
            hint="record 1 of one belongs to record 1 of the other: both need as many records and the same settings",
            where=f"{self.phase}: {self.what} {self.first_has} and {self.second_has}",
        )
