"""E0108: a name that is never used."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, warning
from singalang_grammar.source import Span


@code("E0108")
class UnusedName(Facts, frozen=True):
    """An argument, a constant, an import, a block, a value or a data section is defined and nothing refers to it. This is a
    warning: often a name elsewhere is misspelt. Library files, which have no `train` section, are not warned of.

    Wrong:
        width = 64
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        width = 64
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(width) -> out: dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    what: str
    name: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            f"{self.what} `{self.name}` is never used",
            Label(self.span, "nothing needs it"),
            hint="take it out, or use it",
        )
