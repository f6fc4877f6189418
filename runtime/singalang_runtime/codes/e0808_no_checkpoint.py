"""E0808: no checkpoint where one is wanted."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0808")
class NoCheckpoint(Facts, frozen=True):
    """The run holds no checkpoint of the wanted name, or none at all.

    Cause:
        The run ended before its first checkpoint, its checkpoints were removed, or the name is mistyped.

    Cure:
        `singa runs NAME` shows a run's checkpoints; `checkpoint = every(n)` in the train section makes more of them.
    """

    CODE: ClassVar[str]
    path: str
    wanted: str | None
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"there is no checkpoint `{self.wanted}`" if self.wanted else "the run has no checkpoint",
            None,
            where=self.path,
            hint=f"there are: {', '.join(self.known[-5:])}"
            if self.known
            else "`checkpoint = every(n)` in the train section makes some",
        )
