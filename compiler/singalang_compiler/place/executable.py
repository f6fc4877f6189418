"""What topologies say that this version checks but cannot run. Knows no net."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from singalang_compiler.codes.e0590_not_executable import NotExecutable
from singalang_compiler.job import Job, Sync, Topology
from singalang_grammar.diagnostics import Diagnostic


def topologies_not_executable(job: Job, used: Iterable[Topology]) -> Iterator[Diagnostic]:
    """A diagnostic for each of these topologies that cannot be run."""
    executable = tuple(name for name, topology in job.topologies.items() if not _unmet(topology))
    for topology in {one.name: one for one in used}.values():
        if reasons := _unmet(topology):
            yield NotExecutable(topology.name, reasons, executable, topology.span).diagnostic()


def is_one_group(topology: Topology) -> bool:
    """Whether all workers and all servers make one group each."""
    return topology.worker_groups == 1 and topology.server_groups == 1


def _unmet(topology: Topology) -> tuple[str, ...]:
    """What of a topology cannot be run, in words."""
    groups = [
        f"{count} {kind} groups"
        for kind, count in (("worker", topology.worker_groups), ("server", topology.server_groups))
        if count > 1
    ]
    return (*groups, *(f"`{name} = {value}`" for name, value in _exchange(topology.sync)))


def _exchange(sync: Sync) -> Iterator[tuple[str, str]]:
    """The settings of a section `sync` that are not those of one group that waits in every step."""
    usual = Sync()
    for name in ("every", "staleness", "fragments", "overlap", "mix", "deltas", "quorum"):
        value = getattr(sync, name)
        if value != getattr(usual, name):
            yield name, "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    if sync.deadline_s is not None:
        yield "deadline", f"{sync.deadline_s:g}s"
    if sync.outer is not None:
        yield "outer", sync.outer.name
