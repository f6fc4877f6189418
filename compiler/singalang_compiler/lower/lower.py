"""From a placed job to its plan and kernels: the last stage of compiling, and the first that knows JAX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal, cast

import jax
from msgspec import structs

from singalang_compiler.lower.blaming import blame
from singalang_compiler.lower.estimating import whole_estimate
from singalang_compiler.lower.exporting import Kernels
from singalang_compiler.lower.first_values import parameter_records
from singalang_compiler.lower.lowering import Lowered, lower_section
from singalang_compiler.lower.records import data_records, program_of, source_files, user_files
from singalang_compiler.lower.section import Section, data_names
from singalang_compiler.machine import Machine
from singalang_compiler.place.placed import Placed
from singalang_compiler.place.processes import process_names
from singalang_compiler.place.weighing import memory_problems
from singalang_compiler.plan import Decision, Plan, ProcessRecord, Reason, TopologyRecord
from singalang_compiler.runnable import settled_rate
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Diagnostic, Outcome


@dataclass(frozen=True, slots=True)
class LowerRequest:
    """What kernels are made for: platforms as JAX names them, and the machine whose speeds predict."""

    platforms: tuple[str, ...] = ("cpu",)
    machine: Machine = field(default_factory=Machine)

    @property
    def form(self) -> Literal["plain", "cpu"]:
        """The form of the operations that may be lowered in several ways."""
        return "cpu" if self.platforms == ("cpu",) else "plain"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, the contents of its kernels by key, and of the user's files that a run needs, by name."""

    plan: Plan
    kernels: Mapping[str, bytes]
    user_files: Mapping[str, bytes]


def lower(placed: Placed, request: LowerRequest) -> Outcome[Compiled]:
    """The plan of a job that has passed every former stage without an error. Equal jobs and requests give equal bytes.

    Only here it is known what kernels need, and so whether processes have memory enough.
    """
    try:
        made = _lowered(placed, request)
        problems = _memory_problems(placed, made.plan)
        return Outcome(None if problems else made, problems)
    except Exception as failure:
        blamed = blame(failure, placed.shaped.job)
        if blamed is None:
            raise
        return Outcome(None, (blamed,))


def _lowered(placed: Placed, request: LowerRequest) -> Compiled:
    kernels = Kernels(request.platforms)
    sections = _sections(placed.shaped, request)
    lowered = tuple(
        lower_section(section, own, kernels, request.platforms, request.machine)
        for section, own in zip(sections, placed.sections, strict=True)
    )
    plan = _plan(placed, request, sections, lowered, kernels)
    return Compiled(plan, kernels.contents, user_files(placed.shaped.job))


def _memory_problems(placed: Placed, plan: Plan) -> tuple[Diagnostic, ...]:
    """What is wrong with the memory of processes, as their kernels need it."""
    groups = ((own.cut, record.group) for own, record in zip(placed.sections, plan.sections, strict=True))
    most = ((cut, max(group.memory, key=lambda one: one.total)) for cut, group in groups if group)
    return tuple(problem for cut, record in most for problem in memory_problems(cut, record))


def _sections(shaped: ShapedJob, request: LowerRequest) -> tuple[Section, ...]:
    job = shaped.job
    single = {name for train in job.trains if train.precision != "f64" for name in data_names(shaped.nets[train.net])}
    data = data_records(job, double=frozenset(job.data) - single)
    trains = [structs.replace(train, updater=structs.replace(train.updater, rate=settled_rate(job, train))) for train in job.trains]
    return tuple(Section.of(shaped, train, data, request.form) for train in trains)


def _plan(
    placed: Placed, request: LowerRequest, sections: tuple[Section, ...], lowered: tuple[Lowered, ...], kernels: Kernels
) -> Plan:
    job, topology = placed.shaped.job, placed.shaped.job.topology
    return Plan(
        singalang=version("singalang"),
        jax=jax.__version__,
        name=job.name,
        sources=source_files(job),
        settings=dict(job.settings),
        machine=request.machine.name,
        machine_sha256=request.machine.sha256,
        platforms=request.platforms,
        semantics=_semantics(placed),
        topology=TopologyRecord(
            name=topology.name,
            worker_groups=topology.worker_groups,
            workers_per_group=topology.workers_per_group,
            server_groups=topology.server_groups,
            servers_per_group=topology.servers_per_group,
            restarts=topology.restarts,
            heartbeat_s=topology.heartbeat_s,
        ),
        data=sections[0].data,
        parameters=parameter_records(placed.shaped, sections, kernels),
        sections=tuple(one.record for one in lowered),
        processes=tuple(
            ProcessRecord(name=name, roles=process.roles) for process in placed.processes for name in process_names(process)
        ),
        programs={
            one.record.program: program_of(section.train, frozenset(section.phases_with_data()), one.record.group is None)
            for section, one in zip(sections, lowered, strict=True)
        },
        kernels=kernels.records,
        decisions=_decisions(placed, request, lowered),
        approximations=tuple(text for section in placed.sections for text in section.cut.approximations),
        estimate=whole_estimate(lowered, sections, placed.processes[0].name),
    )


def _decisions(placed: Placed, request: LowerRequest, lowered: tuple[Lowered, ...]) -> tuple[Decision, ...]:
    operations = Decision(about="operations", chosen=request.form, reason="backend-cpu" if request.form == "cpu" else "backend-any")
    workers = Decision(
        about="processes", chosen=str(sum(process.count for process in placed.processes)), reason=cast(Reason, placed.reason)
    )
    return (workers, operations, *(decision for one in lowered for decision in one.decisions))


def _semantics(placed: Placed) -> Literal["bitwise", "synchronous"]:
    """Several workers round otherwise than one, unless their sums are exact."""
    exact = all(section.cut.whole or section.cut.topology.sync.exact for section in placed.sections)
    return "bitwise" if exact else "synchronous"
