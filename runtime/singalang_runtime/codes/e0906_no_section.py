"""E0906: no train section of that name."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, did_you_mean, error


@code("E0906")
class NoSection(Facts, frozen=True):
    """The plan has no train section of the name that was given.

    Cause:
        The name is mistyped, or belongs to another program.

    Cure:
        Take one of the names that the message lists.
    """

    CODE: ClassVar[str]
    plan: str
    section: str
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan has no train section `{self.section}`",
            None,
            where=self.plan,
            hint=did_you_mean(self.section, self.known) or f"train sections: {', '.join(self.known)}",
        )
