"""E0209: a block that uses itself."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0209")
class RecursiveBlock(Facts, frozen=True):
    """A block uses itself, directly or through other blocks, and would never end.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        block x -> again(n) { return x -> dense(n) -> again(n) }
        net n1 { h = d.x -> again(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        block x -> twice(n) { return x -> dense(n) -> dense(n) }
        net n1 { h = d.x -> twice(3) }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    path: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            "a block uses itself: " + " -> ".join(self.path),
            Label(self.span, f"`{self.name}` is being expanded already"),
            hint="repeat with `for`",
        )
