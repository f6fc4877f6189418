"""E0133: something that a value does not have."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0133")
class NoMember(Facts, frozen=True):
    """What stands behind the dot is nothing that the value before it has. A data section has its declared fields, a net its
    layers, a layer `shape`, `width`, `channels`, its parameters, and in an instance of a block the block's layers.

    Wrong:
        data d { image: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.imgae -> dense(3) }

    Right:
        data d { image: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.image -> dense(3) }
    """

    CODE: ClassVar[str]
    owner: str  # as a message names it: `the layer `fc``
    name: str
    span: Span
    known: tuple[str, ...] = ()

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known)
        if hint is None and self.known:
            hint = "it has: " + ", ".join(self.known[:12])
        return error(self, f"{self.owner} has no `{self.name}`", Label(self.span, "nothing of it has this name"), hint=hint)
