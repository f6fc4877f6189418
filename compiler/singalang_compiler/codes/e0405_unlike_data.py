"""E0405: data that do not go together."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0405")
class UnlikeData(Facts, frozen=True):
    """A net may read several data sections; record i of each belongs together, so they need the same phases and equal
    batches.

    Wrong:
        data a { x: f32[4], train = csv("a.csv", batch = 8) }
        data b { y: f32[4], train = csv("b.csv", batch = 16) }
        net n { h = (a.x + b.y) -> dense(3) }

    Right:
        data a { x: f32[4], train = csv("a.csv", batch = 8) }
        data b { y: f32[4], train = csv("b.csv", batch = 8) }
        net n { h = (a.x + b.y) -> dense(3) }
    """

    CODE: ClassVar[str]
    net: str
    first: str
    second: str
    difference: str
    span: Span
    where: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"net `{self.net}` reads `{self.first}` and `{self.second}`, which do not go together",
            Label(self.span, self.difference),
            Label(self.where, f"`{self.first}` is here"),
            hint="record i of each belongs together: give both the same phases and batch",
        )
