"""E0909: nothing to resume."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0909")
class NothingToResume(Facts, frozen=True):
    """`--resume` goes on with a run, and there is none of this job.

    Cause:
        The job has not been run in this folder, or its run folder was moved.

    Cure:
        Leave `--resume` out to begin, or name the run folder with `--run`.
    """

    CODE: ClassVar[str]
    job: str | None
    runs: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"there is no run{f' of `{self.job}`' if self.job else ''} to resume",
            None,
            where=self.runs,
            hint="leave `--resume` out to begin one, or name its folder with `--run`",
        )
