"""E0409: a source without parts."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0409")
class NoSplit(Facts, frozen=True):
    """`split` chooses the training or test part of a source that comes with such parts, as `digits` does. Files have none.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8, split = train) }
        net n { h = d.x -> dense(3) }

    Right:
        data d { x: f32[64], train = digits(batch = 8, split = train) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    source: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.source}` has no parts of its own",
            Label(self.span, "`split` has no meaning for it"),
            hint="name another file for each phase",
        )
