"""E0116: too many arguments."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0116")
class TooManyArguments(Facts, frozen=True):
    """More arguments are given by place than a kind, block or function has attributes.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> relu(3) }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n { h = d.x -> relu }
    """

    CODE: ClassVar[str]
    owner: str
    names: tuple[str, ...]
    span: Span
    after_name: bool = False

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.after_name:
            label, hint = Label(self.span, "it stands behind one with a name"), "after an argument with a name, all need names"
            return error(self, f"this argument of `{self.owner}` needs a name", label, hint=hint)
        takes = "it takes none by place"
        if self.names:
            takes = f"it takes {len(self.names)} by place: " + ", ".join(self.names)
        return error(self, f"too many arguments for `{self.owner}`", Label(self.span, "no attribute is left for this"), hint=takes)
