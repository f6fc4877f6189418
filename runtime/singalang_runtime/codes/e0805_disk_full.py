"""E0805: a full disk."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0805")
class DiskFull(Facts, frozen=True):
    """There is no room left on the disk. What was written before is whole: a checkpoint counts only once all of it is on the
    disk, and a line of metrics that did not fit is taken back.

    Cause:
        The disk is full, or a quota is used up.

    Cure:
        Make room, then go on with `singa exec --resume`.
    """

    CODE: ClassVar[str]
    path: str
    doing: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"no room is left on the disk to write {self.doing}",
            None,
            where=self.path,
            hint="make room, then go on with `singa exec --resume`; what was written before is whole",
        )
