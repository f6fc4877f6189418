"""E0018: True, None or null."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0018")
class ForeignConstant(Facts, frozen=True):
    """The constants of the language are `true`, `false` and `none`, in small letters.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1, momentum = 0.9, nesterov = True }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1, momentum = 0.9, nesterov = true }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    right: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        title = f"`{self.span.text}` is written `{self.right}`"
        return error(self, title, Label(self.span, "not a word of the language"), hint=f"write `{self.right}`")
