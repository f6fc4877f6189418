"""E0494: a user's kind that stops while its kernels are made."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0494")
class UserCodeFailed(Facts, frozen=True):
    """A kind in a Python file of yours stops while the compiler runs its methods on the shapes at hand, to make kernels of them.

    Cause:
        `forward` of a class marked with `@layer` raises an exception: it names a parameter that the layer does not have, adds
        arrays of unlike shapes, or asks an array for its numbers, which it has only when the kernel runs.

    Cure:
        Mend the line that is shown. Arrays are those of `ctx.ops.np`; write `np.where(x > 0, a, b)` in place of `if x > 0`.
    """

    CODE: ClassVar[str]
    path: str
    reason: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, f"`{self.path}` stops while it is compiled", Label(self.span, self.reason))
