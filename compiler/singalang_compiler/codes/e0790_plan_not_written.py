"""E0790: a plan or its kernels cannot be written."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0790")
class PlanNotWritten(Facts, frozen=True):
    """The program compiles, but the plan or one of its kernels cannot be written. A plan that was there before is as it was.

    Cause:
        The disk is full, the folder may not be written to, or a file has the name that the folder of kernels needs.

    Cure:
        Make room or choose another place: `singac model.singa -o other/plan.json`.
    """

    CODE: ClassVar[str]
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the plan cannot be written: {self.reason[:1].lower()}{self.reason[1:]}",
            None,
            hint="make room, or choose another place with `-o`",
            where=self.path,
        )
