"""E0109: `:` where `=` is wanted."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0109")
class ColonForEquals(Facts, frozen=True):
    """`name: type` declares a field of a record, in `data` sections. Everywhere else a field is set, or a value named, with
    `=`; and a layer gets its label behind the arrow, `-> label: dense(10)`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, seed: 1 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, seed = 1 }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    in_net: bool = False

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.in_net:
            title, hint = (
                f"`{self.name}:` does not name a value",
                f"name a value with `=`: `{self.name} = ...`; `:` labels a layer behind `->`",
            )
        else:
            title, hint = f"`{self.name}:` does not set a field", f"fields are set with `=`: `{self.name} = ...`"
        return error(self, title, Label(self.span, "`:` where `=` is wanted"), hint=hint)
