"""E0134: a reference to nothing."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0134")
class UnknownReference(Facts, frozen=True):
    """A section refers by name to a net, topology, data section, field, layer or metric that does not exist.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, net = m }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10, net = n }
    """

    CODE: ClassVar[str]
    what: str  # `net`, `data section`, `layer`, `metric`
    name: str
    span: Span
    known: tuple[str, ...] = ()

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known)
        if hint is None and self.known:
            hint = f"there {'is' if len(self.known) == 1 else 'are'}: " + ", ".join(self.known[:12])
        return error(self, f"unknown {self.what} `{self.name}`", Label(self.span, f"no {self.what} has this name"), hint=hint)
