"""E0810: a run folder whose files cannot be read."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0810")
class RunDamaged(Facts, frozen=True):
    """A file of the run folder is missing or does not hold what it should.

    Cause:
        The file was edited or removed, or the disk lost it.

    Cure:
        Restore the file, or begin a new run with the plan; checkpoints can be used by `start`.
    """

    CODE: ClassVar[str]
    path: str
    fault: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, "the run folder is damaged", None, where=f"{self.path}: {self.fault}", hint="restore the file, or begin a new run"
        )
