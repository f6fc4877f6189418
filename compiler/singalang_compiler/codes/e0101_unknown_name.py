"""E0101: a name that nothing has."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0101")
class UnknownName(Facts, frozen=True):
    """A name is used that nothing in reach has: no argument, constant, loop variable, value of the net, data section, net or
    import. Names of a block's caller are out of reach in the block: hand them in as inputs or attributes.

    Wrong:
        width = 64
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(widht) }

    Right:
        width = 64
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> dense(width) }
    """

    CODE: ClassVar[str]
    name: str
    span: Span
    known: tuple[str, ...] = ()
    comment: bool = False  # whether it stands behind `//`

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known)
        if self.comment:
            hint = "`//` is whole-number division here; a comment begins with `#`"
        return error(self, f"unknown name `{self.name}`", Label(self.span, "nothing has this name here"), hint=hint)
