"""E0516: an algorithm whose steps cannot be cut."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0516")
class NotInPieces(Facts, frozen=True):
    """Some ways of training run the net as a whole, several times in one step. Their steps cannot be cut between two layers, as
    partition by feature and stages do; partition by batch leaves a step whole.

    Cause:
        A topology cuts the net of a section whose algorithm says that its steps cannot be cut.

    Cure:
        Use `partition = batch` for all layers, and one stage; or train this section with a topology of one worker.
    """

    CODE: ClassVar[str]
    algorithm: str
    reason: str
    what: str  # `fc1 is cut by feature`
    span: Span
    where: Span | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        topology = (Label(self.where, self.what),) if self.where else ()
        return error(
            self,
            f"a step of `{self.algorithm}` cannot be cut: {self.reason}",
            Label(self.span, f"is trained with `{self.algorithm}`"),
            *topology,
            hint="use `partition = batch` for all layers and one stage",
        )
