"""E0129: an item that a list does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0129")
class OutOfRange(Facts, frozen=True):
    """A list is asked for an item that it does not have. Items are counted from 0.

    Wrong:
        widths = [8, 16]
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(widths[2]) }

    Right:
        widths = [8, 16]
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(widths[1]) }
    """

    CODE: ClassVar[str]
    index: int
    length: int
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        last = self.length - 1
        return error(
            self,
            f"there is no item {self.index}",
            Label(self.span, f"the list has {self.length} item{'' if self.length == 1 else 's'}"),
            hint=f"items are counted from 0: 0 to {last}" if last > 0 else "items are counted from 0",
        )
