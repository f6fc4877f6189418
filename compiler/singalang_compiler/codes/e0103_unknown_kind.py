"""E0103: a function or kind that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0103")
class UnknownKind(Facts, frozen=True):
    """A function, schedule, initialiser, updater, algorithm, source or metric is named that neither the library nor an
    imported Python file has. (A layer that is not known is E0201.)

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = stpe(0.1, gamma = 0.5, every = 100) }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = step(0.1, gamma = 0.5, every = 100) }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    what: str  # `function`, `schedule`, `initialiser`, ...
    name: str
    span: Span
    known: tuple[str, ...] = ()

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = did_you_mean(self.name, self.known)
        if hint is None and 0 < len(self.known) <= 12:
            hint = "known: " + ", ".join(self.known)
        return error(self, f"unknown {self.what} `{self.name}`", Label(self.span, f"no {self.what} has this name"), hint=hint)
