"""E0214: an axis that a shape does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0214")
class NoAxis(Facts, frozen=True):
    """`.width` is the length of the last axis of a layer's output and `.channels` that of the first of three; the output has
    no such axis.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(d.x.channels) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(d.x.width) }
    """

    CODE: ClassVar[str]
    member: str
    shape: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"this has no `{self.member}`",
            Label(self.span, f"its shape is {self.shape}"),
            hint="`width` is the last axis; `channels` is the first of [channels, height, width]",
        )
