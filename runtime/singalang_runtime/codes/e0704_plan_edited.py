"""E0704: a plan that was changed after it was made."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0704")
class PlanEdited(Facts, frozen=True):
    """The plan's own hash is not that of its content. A plan states everything that a run will do, and its kernels, its
    estimate and its checkpoints belong to exactly that statement; so a changed one is not run.

    Cause:
        The plan was edited by hand, or damaged on its way.

    Cure:
        Change the program, or give `--set` to `singac`, and compile again: `singac model.singa --set train.steps=500`.
    """

    CODE: ClassVar[str]
    path: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "the plan was changed after it was made",
            None,
            where=f"{self.path}: its content does not have the hash it states",
            hint="change the program or use `singac --set`, and compile again",
        )
