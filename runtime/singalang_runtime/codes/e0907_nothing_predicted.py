"""E0907: a net that predicts nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0907")
class NothingPredicted(Facts, frozen=True):
    """The train section's net has no outputs to predict: once losses and metrics are taken away, nothing is left.

    Cause:
        The net has only layers that need labels, or it is trained without a loss.

    Cure:
        Give the net an output for `deploy`, such as `when deploy { ... }`, and compile again.
    """

    CODE: ClassVar[str]
    plan: str
    section: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"the net of train section `{self.section}` predicts nothing",
            None,
            where=self.plan,
            hint="give the net an output in phase `deploy`, and compile again",
        )
