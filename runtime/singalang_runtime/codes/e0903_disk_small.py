"""E0903: a disk too small for the run."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0903")
class DiskSmall(Facts, frozen=True):
    """The run folder's disk has less room than one checkpoint needs, so the run would end without its result.

    Cause:
        The disk is nearly full.

    Cure:
        Make room, or take a folder on another disk with `--run`.
    """

    CODE: ClassVar[str]
    path: str
    needed_bytes: int
    free_bytes: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"a checkpoint needs {_kilobytes(self.needed_bytes)}, and {_kilobytes(self.free_bytes)} are free",
            None,
            where=self.path,
            hint="make room, or take a folder on another disk with `--run`",
        )


def _kilobytes(count: int) -> str:
    """So many bytes, fine enough to tell a need from a little less."""
    return f"{count / 1e3:,.0f} kB" if count < 1e7 else f"{count / 1e6:,.1f} MB"
