"""E0014: a blank between a number and its unit."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0014")
class BlankBeforeUnit(Facts, frozen=True):
    """A unit is glued to its number: 10Gbps, 64KiB, 30s. With a blank between them they are two words, and the
    second would begin a new statement.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology laptop { link = 10 Gbps }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology laptop { link = 10Gbps }
    """

    CODE: ClassVar[str]
    number: Span
    unit: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write `{self.number.text}{self.unit.text}`"
        title = f"a blank stands between `{self.number.text}` and `{self.unit.text}`"
        return error(self, title, Label(self.unit, "a unit is glued to its number"), hint=hint)
