"""E0802: no run where one is wanted."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0802")
class NoRun(Facts, frozen=True):
    """The folder that was named holds no run, or there is no such folder.

    Cause:
        The path is mistyped, or nothing has been run yet.

    Cure:
        `singa runs` lists the runs; `singa exec plan.json` makes one.
    """

    CODE: ClassVar[str]
    path: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"there is no run at `{self.path}`", None, where=self.path, hint="`singa runs` lists the runs that there are"
        )
