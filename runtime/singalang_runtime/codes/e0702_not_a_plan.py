"""E0702: a file that is not a plan."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0702")
class NotAPlan(Facts, frozen=True):
    """The file is no plan: it is not JSON, it has been cut short, or it does not hold what a plan holds.

    Cause:
        Another file was named, the disk was full while the plan was copied, or the plan was changed by hand.

    Cure:
        Compile the program again; plans are made by `singac` alone.
    """

    CODE: ClassVar[str]
    path: str
    fault: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "compile the program again with `singac`"
        if self.path.endswith(".singa"):
            hint = f"this is a program: compile it with `singac {self.path}`, then run the plan"
        return error(self, f"`{self.path}` is not a plan", None, where=f"{self.path}: {self.fault}", hint=hint)
