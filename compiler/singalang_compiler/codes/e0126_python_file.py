"""E0126: a Python file that cannot be used."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0126")
class PythonFile(Facts, frozen=True):
    """A Python file that a program imports cannot be used: it does not parse, it stops while it is run, or a class in it
    that is marked as a kind declares something that the language cannot read. Attributes are fields with annotations such
    as `int`, `float | None`, `Literal["a", "b"]` or `Annotated[int, "x >= 1"]`; class constants such as `arity` are
    literals.

    Cause:
        a field `width: list` in a class marked with `@layer("wide")`.

    Cure:
        an annotation that the language has, such as `width: tuple[int, ...]`.
    """

    CODE: ClassVar[str]
    path: str
    line: int
    reason: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.path}`, line {self.line}: {self.reason}",
            Label(self.span, "imported here"),
            hint=self.hint,
        )
