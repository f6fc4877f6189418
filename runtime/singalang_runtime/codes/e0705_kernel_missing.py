"""E0705: a kernel file that is missing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0705")
class KernelMissing(Facts, frozen=True):
    """A plan names its kernels, files that lie in a folder beside it, and one of them is not there.

    Cause:
        The plan was copied or moved without its folder of kernels, or the folder was cleaned.

    Cure:
        Copy the whole folder together with the plan, or compile the program again.
    """

    CODE: ClassVar[str]
    plan: str
    folder: str
    file: str
    missing: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        many = f" and {self.missing - 1} more" if self.missing > 1 else ""
        return error(
            self,
            f"{self.missing} of the plan's kernels {'is' if self.missing == 1 else 'are'} missing",
            None,
            where=f"{self.folder}: no `{self.file}`{many}",
            hint=f"copy `{self.folder}` together with `{self.plan}`, or compile the program again",
        )
