"""E0208: a rule that changes nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0208")
class RuleWithoutEffect(Facts, frozen=True):
    """A rule for all layers, or for layers by pattern or range, sets an attribute and skips the layers that do not have it.
    Here all are skipped.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(4), on all { wieght = gaussian(std = 0.1) } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(4), on all { weight = gaussian(std = 0.1) } }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"none of the selected layers has an attribute `{self.name}`",
            Label(self.span, "this changes nothing"),
            hint=did_you_mean(self.name, self.known),
        )
