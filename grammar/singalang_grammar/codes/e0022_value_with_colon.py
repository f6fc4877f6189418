"""E0022: a value named with a colon."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0022")
class ValueWithColon(Facts, frozen=True):
    """`name = ...` names a value; `label: kind(...)` names a layer inside a chain, and `field: type` declares a
    field of a record. A chain is a value, so it is named with `=`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss: (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    name: Span
    colon: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = "a value is named with `=`, not with `:`"
        text = "a label stands after `->` only"
        return error(self, title, Label(self.colon, text), hint=f"write `{self.name.text} = ...`")
