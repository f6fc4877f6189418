"""E0519: a user's kind that says what cannot be of how it is cut."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0519")
class WrongPartition(Facts, frozen=True):
    """A layer kind in a Python file of yours names an axis that is not there, in what it says of how it can be cut among workers.

    Cause:
        `partitions` of a class marked with `@layer` gives something else than a tuple of `Partition`, or one with another number
        of inputs than the layer has, or with an axis that an input, the output, a parameter or a state does not have; `exchange`
        gives something else than a whole number.

    Cure:
        Axis 0 of inputs and output is the batch, axis 1 the first axis of a record. Parameters and state have no batch, so that
        their first axis is 0. A `batch` partition has 0 for what is cut, a `feature` partition 1 or more, None is whole.
    """

    CODE: ClassVar[str]
    kind: str
    path: str
    text: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.kind}` cannot be cut as it says",
            Label(self.span, self.text),
            hint=f"look at `partitions` of `{self.kind}` in `{self.path}`",
        )
