"""E0504: a topology that is not its preset."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, error
from singalang_grammar.source import Span


@code("E0504")
class PresetConflict(Facts, frozen=True):
    """A preset is a known way of training together; a field contradicts it. Presets fill in the rest: `allreduce` and
    `sandblaster` are synchronous with one group of workers, `downpour` has one server group, `hogwild` and the others
    several worker groups.

    Wrong:
        topology a { preset = sandblaster, workers = groups(4, size = 2) }

    Right:
        topology a { preset = downpour, workers = groups(4, size = 2) }
    """

    CODE: ClassVar[str]
    preset: str
    reason: str
    span: Span
    where: Span
    hint: str

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return error(
            self,
            f"this is not `{self.preset}`",
            Label(self.span, self.reason),
            Label(self.where, "the preset is chosen here"),
            hint=self.hint,
        )
