"""E0803: a run folder that holds something already."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0803")
class RunExists(Facts, frozen=True):
    """A new run wants a folder of its own, and the one that was named is not empty. What it holds is left as it is.

    Cause:
        The folder holds an earlier run, or other files.

    Cure:
        Go on with the run that is there (`--resume`), or name another folder.
    """

    CODE: ClassVar[str]
    run: str
    is_run: bool

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.run}` holds {'a run' if self.is_run else 'other files'} already",
            None,
            where=self.run,
            hint="go on with it by `--resume`, or name another folder" if self.is_run else "name another folder with `--run`",
        )
