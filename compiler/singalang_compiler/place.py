"""Who does the work: the processes of a job and the roles in them. One worker so far; the planner of many comes here."""

from __future__ import annotations

from dataclasses import dataclass

from singalang_compiler.codes.e0490_nothing_to_train import NothingToTrain
from singalang_compiler.codes.e0590_not_executable import NotExecutable
from singalang_compiler.job import Topology
from singalang_compiler.runnable import settings_not_runnable
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.source import Span


@dataclass(frozen=True, slots=True)
class Process:
    """A process and the roles in it, or `count` of them that do the same."""

    name: str
    roles: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """A shaped job with its processes. `reason` says why these: one of the plan's closed list."""

    shaped: ShapedJob
    processes: tuple[Process, ...]
    reason: str


def place(shaped: ShapedJob, to_run: bool) -> Outcome[Placed]:
    """Gives the job its processes. With `to_run` it must also be one that can be run: with something to train, by one worker."""
    topology = shaped.job.topology
    problems = _not_runnable(shaped) if to_run else ()
    reason = "only-worker" if topology.span is None else "written"
    processes = [Process("worker-0", ("coordinator", "worker", "server"))]
    if topology.workers > 1:
        processes.append(Process("worker", ("worker", "server"), topology.workers - 1))
    return Outcome(Placed(shaped, tuple(processes), reason), problems)


def _not_runnable(shaped: ShapedJob) -> tuple[Diagnostic, ...]:
    job = shaped.job
    if not job.trains:
        start = Span(job.sources[0], 0, 0) if job.sources else None
        missing = "net" if not job.nets else "train"
        return (NothingToTrain(job.name, missing, start).diagnostic(),)
    topology = job.topology
    if not _is_single(topology):
        single = sorted(name for name, other in job.topologies.items() if _is_single(other))
        return (NotExecutable(topology.name, topology.workers, tuple(single), topology.span).diagnostic(),)
    return tuple(settings_not_runnable(job))


def _is_single(topology: Topology) -> bool:
    """Whether it is one worker with one server."""
    return topology.workers == 1 and topology.server_groups * topology.servers_per_group == 1
