"""Why there are such processes, and what each of them does."""

from __future__ import annotations

from collections.abc import Iterator

from singalang import words
from singalang.show.processes import memory_by_process
from singalang.why.subject import Subject, because
from singalang.why.told import Fact, Told
from singalang_compiler.plan import Plan


def processes_told(plan: Plan) -> Told:
    """Everything decided about the processes of a plan."""
    decision = next((one for one in plan.decisions if one.about == "processes"), None)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for process in plan.processes:
        kinds.setdefault(process.roles, []).append(process.name)
    rows = [(_named(names), ", ".join(roles)) for roles, names in kinds.items()]
    return Told(
        title="processes",
        facts=(("processes", str(len(plan.processes))), *because(decision), *rows),
        decisions=(decision,) if decision else (),
    )


def process_told(subject: Subject, name: str) -> Told:
    """What a process does in a section."""
    roles = next(one.roles for one in subject.plan.processes if one.name == name)
    facts = [("roles", ", ".join(roles)), *because(subject.decision("processes"))]
    if subject.group is not None:
        facts += _work(subject, name)
    facts += memory_facts(subject, name)
    return Told(title=f"{name}: a process", facts=tuple(facts), decisions=subject.decisions("processes"))


def memory_facts(subject: Subject, process: str) -> Iterator[Fact]:
    """What a process is predicted to need, where that is known."""
    memory = subject.plan.estimate.memory_bytes.get(process)
    if memory:
        yield "memory", f"{words.bytes_(memory)} predicted at most{_parts(subject, process)}"


def _work(subject: Subject, name: str) -> Iterator[Fact]:
    group = subject.group
    assert group is not None
    kind, _, number = name.partition("-")
    if kind == "worker":
        role = group.role_of(int(number))
        layers = [one for one in subject.cuts if subject.stage(one) == role.stage and subject.decision(f"{one}.partition")]
        span = f"{layers[0]} to {layers[-1]} ({len(layers)} layers)" if len(layers) > 2 else " and ".join(layers)
        stage = f"stage {role.stage}: " if group.stages > 1 else ""
        yield "computes", f"{stage}{span}, {words.count(role.rows, 'record')} at a time"
    servers = [one.name for one in group.servers if one.process == name]
    if servers:
        yield "serves", ", ".join(servers)


def _parts(subject: Subject, name: str) -> str:
    record = (
        memory_by_process(subject.group.memory, [one.name for one in subject.plan.processes]).get(name) if subject.group else None
    )
    if record is None:
        return ""
    parts = (
        (record.parameters, "parameters"),
        (record.gradients, "gradients"),
        (record.server, "slices and updater state"),
        (record.arrays, "values and what is kept"),
        (record.temporary, "temporary"),
        (record.lanes, "shared with others"),
    )
    return ": " + ", ".join(f"{words.bytes_(size)} {what}" for size, what in parts if size)


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
