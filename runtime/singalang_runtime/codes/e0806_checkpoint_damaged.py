"""E0806: a damaged checkpoint."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0806")
class CheckpointDamaged(Facts, frozen=True):
    """A checkpoint is not what its manifest says: a file is missing, altered or cut short. It is refused rather than trained
    on.

    Cause:
        The disk lost or changed data, or somebody edited the folder.

    Cure:
        Remove the damaged folder; the run then goes on from the checkpoint before it.
    """

    CODE: ClassVar[str]
    path: str
    fault: str
    previous: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "the checkpoint is damaged",
            None,
            where=f"{self.path}: {self.fault}",
            hint=f"the one before it is sound: remove `{self.path}` to take `{self.previous}`"
            if self.previous
            else "no sound one lies before it: take another checkpoint, or begin anew",
        )
