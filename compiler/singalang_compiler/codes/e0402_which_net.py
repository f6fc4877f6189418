"""E0402: which net to train."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0402")
class WhichNet(Facts, frozen=True):
    """A `train` or `sample` section works on the only net of the program; where there are several it must say `net = NAME`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net a { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        net b { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net a { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        net b { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train one { net = a, steps = 10 }
        train two { net = b, steps = 10 }
    """

    CODE: ClassVar[str]
    owner: str
    span: Span
    nets: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if not self.nets:
            return error(
                self,
                f"`{self.owner}` has no net",
                Label(self.span, "the program has no `net` section"),
                hint="write `net NAME { ... }`",
            )
        return error(
            self,
            f"`{self.owner}` does not say which net",
            Label(self.span, f"the program has {len(self.nets)} nets"),
            hint=f"write `net = {self.nets[0]}`; there are: " + ", ".join(self.nets),
        )
