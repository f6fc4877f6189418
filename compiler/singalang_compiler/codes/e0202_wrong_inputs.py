"""E0202: the wrong number of inputs."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0202")
class WrongInputs(Facts, frozen=True):
    """A layer or block is fed another number of inputs than it takes. Several inputs are written `(a, b) -> layer`.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = d.x -> dense(3) -> softmax_loss }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
    """

    CODE: ClassVar[str]
    kind: str
    wanted: str
    count: int
    span: Span
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        got = "1 input" if self.count == 1 else f"{self.count} inputs"
        return error(self, f"`{self.kind}` takes {self.wanted}", Label(self.span, f"it is fed {got}"), hint=self.hint)
