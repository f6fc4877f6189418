"""E0207: a rule that selects nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0207")
class NothingSelected(Facts, frozen=True):
    """A rule `on ...` selects no layer: no layer has this name, none is of this kind, none matches the pattern, or no path
    leads from the first to the last of a range.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> fc1: dense(4), on fc2 { weight = gaussian(std = 0.1) } }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> fc1: dense(4), on fc1 { weight = gaussian(std = 0.1) } }
    """

    CODE: ClassVar[str]
    selector: str
    span: Span
    known: tuple[str, ...] = ()
    reason: str = "no layer matches"

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self, f"`{self.selector}` selects nothing", Label(self.span, self.reason), hint=did_you_mean(self.selector, self.known)
        )
