"""E0590: a topology of more than one worker, which this version checks but does not run."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0590")
class NotExecutable(Facts, frozen=True):
    """The chosen topology has more than one worker or server. It is checked in full, but this version runs one worker only.

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
        topology pair { workers = groups(1, size = 2) }

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
        topology laptop { workers = groups(1, size = 1) }
        topology pair { workers = groups(1, size = 2) }
    """

    CODE: ClassVar[str]
    topology: str
    workers: int
    single: tuple[str, ...]
    span: Span | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        if self.single:
            hint = f"compile it with `--topology {self.single[0]}`"
        else:
            hint = "add `topology laptop { workers = groups(1, size = 1) }` and compile with `--topology laptop`"
        return error(
            self,
            f"topology `{self.topology}` is not executable yet",
            Label(self.span, f"has {self.workers} workers; this version runs one worker with one server") if self.span else None,
            hint=hint,
        )
