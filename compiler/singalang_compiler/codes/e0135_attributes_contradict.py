"""E0135: attributes that contradict one another."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0135")
class AttributesContradict(Facts, frozen=True):
    """Each attribute alone is fine, and together they make no sense, as a range whose low end is above its high end.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3, weight = uniform(0.5, -0.5)) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(3, weight = uniform(-0.5, 0.5)) }
    """

    CODE: ClassVar[str]
    owner: str
    text: str
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"these attributes of `{self.owner}` do not go together", Label(self.span, self.text), hint=self.hint)
