"""E0492: a setting of a train section that this version checks but does not run."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0492")
class SettingNotExecutable(Facts, frozen=True):
    """The train section asks for something that belongs to the language but that this version cannot run yet: `precision = bf16`,
    `accumulate`, `average` or `stop`. The program is checked in full, and stops here.

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
        train { steps = 10, precision = bf16 }

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
        train { steps = 10, precision = f32 }
    """

    CODE: ClassVar[str]
    setting: str
    value: str
    instead: str
    span: Span

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"`{self.setting} = {self.value}` is not executable yet",
            Label(self.span, f"this version runs `{self.setting} = {self.instead}` only"),
            hint=f"take `{self.setting}` out, or write `{self.setting} = {self.instead}`",
        )
