"""E0710: a name that a plan does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, did_you_mean, error


@code("E0710")
class NotInPlan(Facts, frozen=True):
    """Something was asked about a plan that the plan does not have.

    Cause:
        The name is mistyped, belongs to another plan, or the layer was taken out before the plan was made.

    Cure:
        `singa why plan.json` lists the layers. Names are those of the plan: a layer inside a block has the block's name before
        it (`res1.conv1`), a layer without a label that of its kind and a number (`relu2`).
    """

    CODE: ClassVar[str]
    name: str
    path: str
    known: tuple[str, ...]
    pattern: bool

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = (
            f"no layer of the plan is called like `{self.name}`" if self.pattern else f"the plan has nothing called `{self.name}`"
        )
        hint = None if self.pattern else did_you_mean(self.name, self.known)
        return error(self, title, None, where=self.path, hint=hint or f"`singa why {self.path}` lists its layers")
