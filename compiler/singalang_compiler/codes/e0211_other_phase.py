"""E0211: a value of another phase."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0211")
class OtherPhase(Facts, frozen=True):
    """What is named under `when` exists in those phases only, and can be used only where no other phase needs it.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          when deploy { p = d.x -> dense(4) }
          h = p -> dense(3)
        }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          when deploy { p = d.x -> dense(4), h = p -> dense(3) }
        }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    has: tuple[str, ...]
    missing: tuple[str, ...]
    defined: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.name}` does not exist in phase `{self.missing[0]}`",
            Label(self.span, "used here in " + ", ".join(self.missing)),
            Label(self.defined, "exists in " + ", ".join(self.has) + " alone"),
            hint="use it under the same `when`",
        )
