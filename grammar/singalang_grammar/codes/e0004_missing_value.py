"""E0004: nothing follows a sign that needs something."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0004")
class MissingValue(Facts, frozen=True):
    """After `=`, `->`, `return` and every operator something has to follow. Line ends are blanks, so the value is
    sought on the next line too, where only the next statement is found.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  =
          log   = every(5)
        }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train {
          steps = 10
          seed  = 3
          log   = every(5)
        }
    """

    CODE: ClassVar[str]
    span: Span
    target: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        sign = self.span.text
        line, _ = self.span.source.line_column(self.span.start)
        match sign:
            case "->":
                title, text, hint = (
                    f"`->` on line {line} leads nowhere",
                    "no layer follows",
                    "name a layer after it, or take it out",
                )
            case "=" if self.target:
                title, text, hint = (
                    f"`=` on line {line} has no value",
                    f"no value for `{self.target}`",
                    f"write `{self.target} = ...`",
                )
            case _:
                title, text, hint = (
                    f"nothing follows `{sign}` on line {line}",
                    "a value is missing",
                    "write the value, or take the sign out",
                )
        return error(self, title, Label(self.span, text), hint=hint)
