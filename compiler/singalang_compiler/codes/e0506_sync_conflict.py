"""E0506: a `sync` that contradicts itself."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0506")
class SyncConflict(Facts, frozen=True):
    """The fields of a `sync` section contradict one another or the number of groups: a quorum above the number of worker
    groups, an overlap of more steps than lie between two exchanges, `exact` with groups that do not wait for one another, or with
    `clip_norm` and several servers, whose number the last bits of a norm depend on.

    Wrong:
        topology a { workers = groups(2, size = 1), sync { every = 10, quorum = 3 } }

    Right:
        topology a { workers = groups(2, size = 1), sync { every = 10, quorum = 2 } }
    """

    CODE: ClassVar[str]
    title: str
    reason: str
    span: Span
    hint: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(self, self.title, Label(self.span, self.reason), hint=self.hint)
