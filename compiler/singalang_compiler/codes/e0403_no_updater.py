"""E0403: a training without an updater."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0403")
class NoUpdater(Facts, frozen=True):
    """A `train` section uses the `updater` section in it, else that of the file.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        train { steps = 10, updater sgd { lr = 0.1 } }
    """

    CODE: ClassVar[str]
    owner: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.owner}` has no updater",
            Label(self.span, "how parameters change is not said"),
            hint="write `updater sgd { lr = 0.1 }` in it or in the file",
        )
