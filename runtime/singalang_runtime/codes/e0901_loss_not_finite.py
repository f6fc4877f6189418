"""E0901: a loss that is no longer a number."""

from __future__ import annotations

from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error


@code("E0901")
class LossNotFinite(Facts, frozen=True):
    """The loss has become infinite or not a number, so nothing more can be learned: every parameter it reaches is spoilt. The
    job stops here; no checkpoint is made of such parameters, and those made before are good.

    Cause:
        Most often the learning rate is too large. Else: data that were not normalised, labels or pixels out of range, a
        division by zero in a layer of your own.

    Cure:
        Lower `lr`, or raise it slowly (`warmup_cosine`); limit gradients with `clip_norm = 1`; look at `mean` and `std` of
        the data.
    """

    CODE: ClassVar[str]
    section: str
    metric: str
    value: str
    step: int
    since: int
    checkpoint: str | None

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        kept = f"; the last good checkpoint is `{self.checkpoint}`" if self.checkpoint else ""
        return error(
            self,
            f"`{self.metric}` became {self.value} by step {self.step}",
            None,
            where=f"train section `{self.section}`, after step {self.since} and by step {self.step}",
            hint=f"lower the learning rate, or set `clip_norm`{kept}",
        )
