"""E0408: a field of a record without a type."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0408")
class NotAFieldType(Facts, frozen=True):
    """A field of a record is declared with its type: `f32` or `i32` and the shape of one record, without the batch, or
    `class(n)` for labels 0 to n - 1.

    Wrong:
        data d { x: f64[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3) }
    """

    CODE: ClassVar[str]
    name: str
    got: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.name}` has no type of a record's field",
            Label(self.span, self.got),
            hint=self.hint or "types: `f32[3, 32, 32]`, `i32[5]`, `class(10)`, `class(10)[50]`",
        )
