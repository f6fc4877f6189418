"""Who does the work: from nets that are cut to processes, parameter slices and the programs of every role."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_compiler.codes.e0490_nothing_to_train import NothingToTrain
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.place.executable import is_one_group, topologies_not_executable
from singalang_compiler.place.placed import Placed, PlacedSection
from singalang_compiler.place.processes import homes_of, processes_of
from singalang_compiler.runnable import settings_not_runnable
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.source import Span


def place(partitioned: Partitioned, to_run: bool, machine: Machine) -> Outcome[Placed]:
    """Gives the job its processes and every role its program.

    With `to_run` it must also be a job that can be run: with something to train, by topologies that this version executes. There
    are no programs of a section that is whole, nor of one that could not be cut.
    """
    shaped = partitioned.shaped
    problems = list(_not_runnable(shaped, partitioned.sections) if to_run else ())
    sections = []
    for cut in partitioned.sections:
        section = _section(shaped, cut, machine)
        sections.append(section.value or PlacedSection(cut=cut))
        problems += section.diagnostics
    topologies = [cut.topology for cut in partitioned.sections] or [shaped.job.topology]
    reason = "only-worker" if all(topology.span is None for topology in topologies) else "written"
    return Outcome(
        Placed(partitioned, tuple(sections), processes_of(map(homes_of, topologies)), reason), tuple(dict.fromkeys(problems))
    )


def _section(shaped: ShapedJob, cut: CutSection, machine: Machine) -> Outcome[PlacedSection]:
    """The programs of one section. What they need is imported only where it is needed: checking a program starts sooner."""
    if cut.whole and cut.topology.memory_bytes is None:
        return Outcome(PlacedSection(cut=cut))
    if cut.whole:
        from singalang_compiler.place.weighing import weigh_whole

        return Outcome(PlacedSection(cut=cut), weigh_whole(shaped, cut, machine))
    if "train" not in cut.nets or not is_one_group(cut.topology):
        return Outcome(PlacedSection(cut=cut))
    from singalang_compiler.place.fitting import place_fitting

    return place_fitting(shaped, cut, machine)


def _not_runnable(shaped: ShapedJob, sections: tuple[CutSection, ...]) -> Iterator[Diagnostic]:
    job = shaped.job
    if not job.trains:
        start = Span(job.sources[0], 0, 0) if job.sources else None
        missing = "net" if not job.nets else "train"
        yield NothingToTrain(job.name, missing, start).diagnostic()
        return
    yield from topologies_not_executable(job, (section.topology for section in sections))
    yield from settings_not_runnable(job)
