"""E0305: a net with a cycle."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0305")
class Cycle(Facts, frozen=True):
    """A value of a net is needed to compute itself.

    Wrong:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          a = b -> relu
          b = (a + d.x) -> dense(4)
        }

    Right:
        data d { x: f32[4], train = csv("a.csv", batch = 8) }
        net n {
          a = d.x -> relu
          b = (a + d.x) -> dense(4)
        }
    """

    CODE: ClassVar[str]
    names: tuple[str, ...]  # along the cycle, the first once more at the end
    span: Span
    defined: tuple[Span, ...]  # of each but the last

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        places = tuple(Label(place, f"`{name}` is defined here") for name, place in zip(self.names, self.defined, strict=False))
        return error(
            self,
            "the net has a cycle: " + " -> ".join(self.names),
            Label(self.span, f"`{self.names[0]}` is needed to compute itself"),
            *places,
            hint="a net is acyclic; for recurrence over time use `gru`, `lstm` or `rnn`",
        )
