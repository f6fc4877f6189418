"""E0608: data that changed since the run began."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0608")
class ChangedData(Facts, frozen=True):
    """The data are not those that the run began with, so that going on would not give what the whole run would have given.

    Cause:
        A data file was written anew between the run's start and now, or `--data` names another folder.

    Cure:
        Bring the first data back, or start a new run from the checkpoint: then it says of itself that it saw other data.
    """

    CODE: ClassVar[str]
    source: str  # such as `digits.train`
    text: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = "bring the first data back, or begin a new run with `start` set to this one"
        return error(self, f"the data of `{self.source}` changed since the run began", None, hint=hint, where=f"it has {self.text}")
