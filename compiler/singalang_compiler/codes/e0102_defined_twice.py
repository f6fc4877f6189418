"""E0102: one name for two things."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0102")
class DefinedTwice(Facts, frozen=True):
    """Two things of one kind have the same name in the same place, so that a use of the name could mean either. Within one
    file a second definition is always an error; only a section that comes from `import all` may be written again, to
    change its fields.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> fc: dense(8) -> fc: dense(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> fc1: dense(8) -> fc2: dense(3) }
    """

    CODE: ClassVar[str]
    what: str  # `layer`, `section`, `arg`, ...
    name: str
    first: Span
    again: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        named = f" `{self.name}`" if self.name else ""
        return error(
            self,
            f"{self.what}{named} is defined twice",
            Label(self.again, "defined again here"),
            Label(self.first, "first defined here"),
            hint=self.hint,
        )
