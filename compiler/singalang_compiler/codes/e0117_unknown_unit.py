"""E0117: a unit that does not exist."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, Label, code, did_you_mean, error
from singalang_grammar.source import Span


@code("E0117")
class UnknownUnit(Facts, frozen=True):
    """A number ends in letters that are no unit. Units stand right behind the number: `100k`, `64KiB`, `10min`, `10Gbps`.

    Wrong:
        topology two { workers = groups(1, size = 2), memory = 4GB }

    Right:
        topology two { workers = groups(1, size = 2), memory = 4GiB }
    """

    CODE: ClassVar[str]
    unit: str
    span: Span
    known: tuple[str, ...]

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        near = did_you_mean(self.unit, self.known)
        units = "units: " + ", ".join(self.known)
        return error(
            self,
            f"unknown unit `{self.unit}`",
            Label(self.span, "no unit has this name"),
            hint=f"{near} {units}" if near else units,
        )
