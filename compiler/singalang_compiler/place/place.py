"""Who does the work: from nets that are cut to processes, parameter slices and the programs of every role."""

from __future__ import annotations

from singalang_compiler.codes.e0490_nothing_to_train import NothingToTrain
from singalang_compiler.codes.e0590_not_executable import NotExecutable
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.place.placed import Placed, PlacedSection, Process
from singalang_compiler.runnable import settings_not_runnable
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.source import Span


def place(partitioned: Partitioned, to_run: bool, machine: Machine) -> Outcome[Placed]:
    """Gives the job its processes. With `to_run` it must also be one that can be run: with something to train."""
    shaped = partitioned.shaped
    topology = shaped.job.topology
    problems = _not_runnable(shaped, partitioned.sections) if to_run else ()
    reason = "only-worker" if topology.span is None else "written"
    processes = [Process("worker-0", ("coordinator", "worker", "server"))]
    if topology.workers > 1:
        processes.append(Process("worker", ("worker", "server"), topology.workers - 1))
    sections = tuple(PlacedSection(cut=section) for section in partitioned.sections)
    return Outcome(Placed(partitioned, sections, tuple(processes), reason), problems)


def _not_runnable(shaped: ShapedJob, sections: tuple[CutSection, ...]) -> tuple[Diagnostic, ...]:
    job = shaped.job
    if not job.trains:
        start = Span(job.sources[0], 0, 0) if job.sources else None
        missing = "net" if not job.nets else "train"
        return (NothingToTrain(job.name, missing, start).diagnostic(),)
    for section in sections:
        if not section.whole:
            topology = section.topology
            return (NotExecutable(topology.name, topology.workers, (), topology.span).diagnostic(),)
    return tuple(settings_not_runnable(job))
