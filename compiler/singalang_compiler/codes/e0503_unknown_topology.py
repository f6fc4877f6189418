"""E0503: a topology that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0503")
class UnknownTopology(Facts, frozen=True):
    """`--topology NAME` or `topology = NAME` in a `train` section names a topology that neither the file nor an import has.
    One of another file is `--topology FILE.singa:NAME`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, topology = tow }
        topology two { workers = groups(1, size = 2) }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, topology = two }
        topology two { workers = groups(1, size = 2) }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known)
        if hint is None:
            hint = "there are: " + ", ".join(self.known) if self.known else "the program has none: one worker does the work"
        return error(self, f"unknown topology `{self.name}`", Label(self.span, "no topology has this name"), hint=hint)
