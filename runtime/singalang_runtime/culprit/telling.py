"""Tells people who is to blame, and the norms of a checkpoint: what a coordinator does with what is found. Knows no kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.codes.e0901_loss_not_finite import LossNotFinite
from singalang_runtime.culprit.find import LIMIT_S, find_culprit, find_norms
from singalang_runtime.culprit.records import NO_PROBE, PROBE, Found
from singalang_runtime.culprit.table import lines_of
from singalang_runtime.office import Office
from singalang_runtime.protocol.events import Fault


def not_finite(
    office: Office,
    fault: Fault,
    *,
    cache: Path | None,
    cores: Sequence[int] | None,
    bounded: bool,
    asked: Callable[[], bool],
) -> Diagnostic:
    """What to tell of a loss that is not finite. Looks for who was the first, in bounded time or not, until somebody asks to leave;
    `cores` are those that each process of the run had, None for this one's."""
    folder, number = office.folder, office.names.index(fault.section)
    if PROBE in office.job.plan.sections[number].kernels:
        office.reporter.stage("looking for what was not finite first")
        limit_s = LIMIT_S if bounded else inf
        data = Path(folder.state.data)
        found = find_culprit(folder.path, number, fault.step, data=data, cache=cache, cores=cores, limit_s=limit_s, asked=asked)
    else:
        found = Found(why=NO_PROBE)
    facts = LossNotFinite(
        fault.section, fault.metric, fault.value, fault.step, fault.since, office.checkpoint, found, str(folder.path)
    )
    return facts.diagnostic()


def tell_norms(office: Office, cache: Path | None) -> Callable[[str], None]:
    """A function that tells the norms of a checkpoint, given its name."""

    def tell(checkpoint: str) -> None:
        norms = find_norms(office.folder.path, checkpoint, data=Path(office.folder.state.data), cache=cache)
        for line in (f"norms are not known: {norms}",) if isinstance(norms, str) else lines_of(norms):
            office.reporter.note(line)

    return tell
