"""E0590: a topology that this version checks but does not run: several groups, or one that does not wait."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0590")
class NotExecutable(Facts, frozen=True):
    """The topology is checked in full, but this version runs one group of workers with one group of servers only, which wait for
    one another in every step: of any size, cut by batch, by feature or in stages. Several groups of workers or servers are not run
    yet, nor what a `sync` section says of how groups exchange.

    Wrong:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology far { preset = local_sgd, workers = groups(2, size = 1) }

    Right:
        data digits {
          image: f32[64]
          label: class(10)
          train = digits(batch = 64)
        }
        net n {
          logits = digits.image -> fc: dense(10)
          loss = (logits, digits.label) -> softmax_loss
        }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
        topology near { preset = allreduce, workers = groups(1, size = 2) }
    """

    CODE: ClassVar[str]
    topology: str
    reasons: tuple[str, ...]
    executable: tuple[str, ...]
    span: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.executable:
            others = ", ".join(f"`--topology {name}`" for name in self.executable[:3])
            hint = f"compile it with {others}" if len(self.executable) == 1 else f"compile it with one of {others}"
        else:
            hint = "add `topology near { workers = groups(1, size = 2) }` and compile with `--topology near`"
        has = " and ".join(self.reasons) if len(self.reasons) < 3 else f"{', '.join(self.reasons[:-1])} and {self.reasons[-1]}"
        label = f"has {has}; this version runs one synchronous group of workers and servers"
        return error(
            self, f"topology `{self.topology}` is not executable yet", Label(self.span, label) if self.span else None, hint=hint
        )
