"""E0204: a layer of another net."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0204")
class OtherNet(Facts, frozen=True):
    """The output of a layer can be used in its own net only. Another net may use its parameters.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net a { h = d.x -> fc: dense(8) }
        net b { g = a.fc -> dense(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net a { h = d.x -> fc: dense(8) }
        net b { g = d.x -> dense(8, weight = a.fc.weight) }
    """

    CODE: ClassVar[str]
    layer: str
    net: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.layer}` is a layer of net `{self.net}`",
            Label(self.span, "it cannot be used in another net"),
            hint="nets share parameters, not outputs: `weight = " + f"{self.net}.{self.layer}.weight`",
        )
