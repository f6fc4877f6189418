"""Opens a job: everything that can be found wrong before it runs is found here. Runs no kernel and knows no JAX."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from singalang_compiler.plan import Act, DataRecord, Plan, SectionRecord, StepsRecord, kernels_folder
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.codes.e0903_disk_small import DiskSmall
from singalang_runtime.codes.e0904_memory_small import MemorySmall
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.open import open_feed
from singalang_runtime.group.records import group_fields, group_kernels, memory_bytes
from singalang_runtime.plan_files import check_kernels, read_plan
from singalang_runtime.protocol.schedule import Due, Periodic, Schedule
from singalang_runtime.starting import Start, find_start


@dataclass(frozen=True)
class OpenJob:
    """A plan that was found whole, with its data open: for each train section a feed and a schedule, and a start or None."""

    plan: Plan
    path: Path
    feeds: tuple[Feed, ...]
    schedules: tuple[Schedule, ...]
    starts: tuple[Start | None, ...]


def open_plan(path: Path) -> Outcome[Plan]:
    """A plan that this version understands, with all its kernels."""
    read = read_plan(path)
    if read.value is None:
        return read
    faults = check_kernels(read.value, path)
    return Outcome(None, faults) if faults else read


def open_job(plan: Plan, path: Path, data: Path, run: Path, *, alone: bool = True) -> Outcome[OpenJob]:
    """The job of a plan: data under the folder `data` opened, starts looked up, room looked for on the disk of `run`, and in memory
    where this process does all work `alone`."""
    found: list[Diagnostic] = [*_room(plan, run), *(check_memory(plan) if alone else ())]
    feeds, starts = [], []
    for section in plan.sections:
        feed = open_feed(
            data_of(plan, section),
            seed=section.seed,
            folder=data,
            beside=kernels_folder(path),
            fields=trained_fields(plan, section),
            written=names_of_files(plan),
        )
        found.extend(one for one in feed.diagnostics if one not in found)
        start = find_start(plan, section, data)
        found.extend(start.diagnostics)
        if feed.value is not None:
            feeds.append(feed.value)
        starts.append(start.value)
    outcome: Outcome[OpenJob] = Outcome(None, tuple(found))
    if outcome.failed:
        return outcome
    schedules = tuple(schedule_of(plan, section, feed) for section, feed in zip(plan.sections, feeds, strict=True))
    return Outcome(OpenJob(plan, path, tuple(feeds), schedules, tuple(starts)), tuple(found))


def data_of(plan: Plan, section: SectionRecord) -> tuple[DataRecord, ...]:
    """The data sections that a train section reads."""
    return tuple(data for data in plan.data if data.name in section.data)


def training_kernels(section: SectionRecord) -> tuple[str, ...]:
    """Keys of the kernels that train and evaluate a section."""
    if section.group is not None:
        return group_kernels(section.group)
    return tuple(key for role, key in section.kernels.items() if role.startswith(("step", "evaluate")))


def trained_fields(plan: Plan, section: SectionRecord) -> tuple[str, ...]:
    """The fields, as `data.field`, that are read where a section is trained and evaluated."""
    if section.group is None:
        return fields_of(plan, training_kernels(section))
    known = {f"{data.name}.{field.name}" for data in data_of(plan, section) for field in data.fields}
    return group_fields(section.group, known)


def fields_of(plan: Plan, kernels: Iterable[str]) -> tuple[str, ...]:
    """The fields, as `data.field`, that these kernels read."""
    names = (argument.name for key in kernels for argument in plan.kernels[key].inputs)
    return tuple(dict.fromkeys(name.removeprefix("field/") for name in names if name.startswith("field/")))


def names_of_files(plan: Plan) -> dict[str, str]:
    """What users call the files of their own kinds, by the files' names beside the kernels."""
    return {f"{file.sha256}.py": file.path for file in plan.sources}


def schedule_of(plan: Plan, section: SectionRecord, feed: Feed) -> Schedule:
    """The schedule of a section, epochs counted in steps of its data."""
    program = plan.programs[section.program]

    def steps(record: StepsRecord) -> int:
        return record.steps if record.steps is not None else feed.steps_of_epochs(record.epochs or 0.0)

    def periodic(act: Act) -> Periodic:
        assert act.period is not None, "an act of `acts` has a period"
        period = max(1, steps(act.period))
        return Periodic(act.action, period, max(1, steps(act.after)) if act.after else period, act.batches)

    return Schedule(
        section.name,
        steps(section.steps),
        tuple(periodic(act) for act in program.acts),
        tuple(Due(act.action, act.batches) for act in program.end),
        section.dispatch.count if section.dispatch.mode != "loop" else 1,
    )


def local_bytes(plan: Plan) -> int:
    """The memory that one process is predicted to need where it does the work of all."""
    groups = (memory_bytes(section.group) for section in plan.sections if section.group is not None)
    return max((*plan.estimate.memory_bytes.values(), *groups), default=0)


def _room(plan: Plan, run: Path) -> tuple[Diagnostic, ...]:
    place = next((folder for folder in (run, *run.absolute().parents) if folder.exists()), Path())
    needed = plan.estimate.parameter_bytes + plan.estimate.slot_bytes
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        return ()
    return (DiskSmall(str(run), needed, free).diagnostic(),) if free < needed else ()


def check_memory(plan: Plan, more_bytes: int = 0) -> tuple[Diagnostic, ...]:
    """A warning where less memory is free than this process needs for the work of all, and `more_bytes` besides."""
    needed = local_bytes(plan) + more_bytes
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return ()  # a system that does not say
    return (MemorySmall(needed, free).diagnostic(),) if free < needed else ()
