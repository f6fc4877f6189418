"""E0811: metrics that were lost."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, warning


@code("E0811")
class MetricsLost(Facts, frozen=True):
    """The run's metrics are shorter than they were when its checkpoint was made. Training goes on; the lines that are missing
    stay missing.

    Cause:
        `metrics.jsonl` was edited or removed.

    Cure:
        Nothing needs to be done, unless you have a copy of the file: put it back before you resume.
    """

    CODE: ClassVar[str]
    path: str
    wanted: int
    found: int

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        return warning(
            self,
            "lines of metrics were lost",
            None,
            where=f"{self.path}: {self.found} bytes, and {self.wanted} when the checkpoint was made",
        )
