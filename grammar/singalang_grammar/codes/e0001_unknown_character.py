"""E0001: a character that the language does not use."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0001")
class UnknownCharacter(Facts, frozen=True):
    """The text holds a character that has no meaning outside strings and comments. It often comes with text
    pasted from a document or a web page, or from the habit of another language.

    Wrong:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x → dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }

    Right:
        data d { x: f32[4], y: class(3), train = csv("a.csv", batch = 8) }
        net n { loss = (d.x -> dense(3), d.y) -> softmax_loss }
        updater sgd { lr = 0.1 }
        train { steps = 10 }
    """

    CODE: ClassVar[str]
    span: Span
    meant: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = f"write {self.meant}" if self.meant else "take it out, or put it into a string or a comment"
        return error(self, f"unknown character {_shown(self.span.text)}", Label(self.span, "not part of the language"), hint=hint)


def _shown(text: str) -> str:
    """The characters between backticks, or their numbers where they cannot be seen."""
    if text.isprintable() and text.strip():
        return f"`{text}`"
    return ", ".join(f"U+{ord(char):04X}" for char in text[:4])
