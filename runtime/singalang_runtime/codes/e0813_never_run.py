"""E0813: a job that has not been run here."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0813")
class NeverRun(Facts, frozen=True):
    """A plan was named where a trained net is needed, and none of the runs in the current folder's `runs` is one of it.

    Cause:
        The plan has not been run yet, it was run from another folder, or its run folder was chosen with `--run`.

    Cure:
        Train it (`singa exec plan.json`), or name the run: `--from path/of/the/run`.
    """

    CODE: ClassVar[str]
    job: str
    plan: str
    runs: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.job}` has no run",
            None,
            where=self.runs,
            hint=f"train it with `singa exec {self.plan}`, or name a run folder with `--from`",
        )
