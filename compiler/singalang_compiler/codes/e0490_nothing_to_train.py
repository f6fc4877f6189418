"""E0490: a library file where a program is wanted."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0490")
class NothingToTrain(Facts, frozen=True):
    """A file without a `train` section is a library: it can be checked and imported, but there is nothing to compile.

    Wrong:
        block x -> hidden(units) { return x -> dense(units) -> relu }

    Right:
        block x -> hidden(units) { return x -> dense(units) -> relu }
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> hidden(32) -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    name: str
    missing: str
    span: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        what = "no `net` and no `train` section" if self.missing == "net" else "no `train` section"
        return error(
            self,
            f"`{self.name}` is a library, not a program: it has {what}",
            Label(self.span, "nothing here says what to train") if self.span else None,
            hint="import it from a program, or look at it with `singac --check`",
        )
