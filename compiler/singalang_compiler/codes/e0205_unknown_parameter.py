"""E0205: a parameter that a layer does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0205")
class UnknownParameter(Facts, frozen=True):
    """A layer has `shape`, `width`, `channels` and its parameters, such as `weight` and `bias`; an instance of a block has
    its layers.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> a: dense(4) -> b: dense(4, weight = a.wieght) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> a: dense(4) -> b: dense(4, weight = a.weight) }
    """

    CODE: ClassVar[str]
    layer: str
    kind: str
    name: str
    span: Span
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known) or "it has: " + ", ".join(self.known)
        return error(
            self,
            f"layer `{self.layer}` has no `{self.name}`",
            Label(self.span, f"a `{self.kind}` has nothing of this name"),
            hint=hint,
        )
