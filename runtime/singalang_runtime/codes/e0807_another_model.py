"""E0807: a checkpoint of another model."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0807")
class AnotherModel(Facts, frozen=True):
    """The tensors in the checkpoint are not those of the plan: names, shapes or types differ. So the checkpoint is of another
    model, or of this one before its program was changed.

    Cause:
        The program was changed since the checkpoint was made, or the wrong checkpoint was named.

    Cure:
        Take the plan with which the checkpoint was made, or train the new model anew; `start` takes over parameters that
        have kept name and shape.
    """

    CODE: ClassVar[str]
    path: str
    differences: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        shown = "; ".join(self.differences[:5])
        more = f"; and {len(self.differences) - 5} more" if len(self.differences) > 5 else ""
        return error(
            self,
            "the checkpoint is of another model",
            None,
            where=f"{self.path}: {shown}{more}",
            hint="take the plan with which it was made, or train anew",
        )
