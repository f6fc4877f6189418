"""E0121: a section that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0121")
class UnknownSection(Facts, frozen=True):
    """A section begins with a word that names none. A file has sections `data`, `net`, `updater`, `train`, `topology` and
    `sample`; an `updater` may also stand in a `train`, and a `sync` stands in a `topology`.

    Wrong:
        tpology two { workers = groups(1, size = 2) }

    Right:
        topology two { workers = groups(1, size = 2) }
    """

    CODE: ClassVar[str]
    kind: str
    span: Span
    known: tuple[str, ...]
    hint: str | None = None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        hint = self.hint or did_you_mean(self.kind, self.known) or "sections: " + ", ".join(self.known)
        return error(self, f"unknown section `{self.kind}`", Label(self.span, "no section has this name"), hint=hint)
