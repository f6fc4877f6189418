"""E0901: a loss that is no longer a number."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import ClassVar

from singalang_grammar.diagnostics import Diagnostic, Facts, code, error
from singalang_runtime.culprit import words
from singalang_runtime.culprit.records import Found


@code("E0901")
class LossNotFinite(Facts, frozen=True):
    """The loss has become infinite or not a number, so nothing more can be learned: every parameter it reaches is spoilt. The
    job stops here; no checkpoint is made of such parameters, and those made before are good. The last steps are done once more,
    to find the first layer, parameter or field of the data that had such numbers.

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
    found: Found = Found()
    run: str | None = None  # its folder

    def diagnostic(self) -> Diagnostic:
        """The mistake in words."""
        culprit = self.found.culprit
        first = f": {words.short(culprit)}" if culprit else ""
        facts = f"; {words.long(culprit)}" if culprit else ""
        return error(
            self,
            f"`{self.metric}` became {self.value} by step {self.step}{first}",
            None,
            where=f"train section `{self.section}`, after step {self.since} and by step {self.step}{facts}",
            hint="; ".join(self._hints()),
        )

    def _hints(self) -> Iterator[str]:
        culprit = self.found.culprit
        yield words.advice(culprit) if culprit else "lower the learning rate, or set `clip_norm`"
        if self.checkpoint:
            yield f"the last good checkpoint is `{self.checkpoint}`"
        if self.found.why:
            yield f"which layer was the first is not known: {self.found.why}"
        if self.found.bounded and self.run:
            yield f"`singa exec --resume --run {quote(self.run)} --debug` looks for it however long it takes"
