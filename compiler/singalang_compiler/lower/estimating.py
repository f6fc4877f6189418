"""The prediction of a whole job from those of its train sections."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from singalang_compiler.epochs import steps_of_epochs
from singalang_compiler.job import Epochs
from singalang_compiler.lower.lowering import Lowered
from singalang_compiler.lower.section import Section
from singalang_compiler.plan import Estimate
from singalang_compiler.plan_group import GroupRecord, RunStep


def whole_estimate(lowered: Sequence[Lowered], sections: Sequence[Section], process: str) -> Estimate:
    """Sections run one after another: their times add up, and memory is that of the one that needs most, as is the step's time.

    `process` is the first one, in which a section that is not cut runs alone. The time of the whole is None where the number of
    steps is known only when the data are opened; tests are left out of it.
    """
    slowest = max(lowered, key=lambda one: one.step_s)
    largest = max((one.cost for one in lowered), key=lambda cost: cost.memory_bytes)
    times = [_steps(section) for section in sections]
    total_s = fsum(one.step_s * steps for one, steps in zip(lowered, times, strict=True) if steps is not None)
    group = slowest.record.group
    return Estimate(
        step_s=slowest.step_s,
        total_s=None if None in times else total_s,
        flops_per_step=slowest.cost.flops if group is None else _flops(group),
        memory_bytes=_memory(lowered, process),
        parameter_bytes=largest.parameter_bytes,
        slot_bytes=largest.slot_bytes,
        gradient_bytes=largest.gradient_bytes,
        residual_bytes=largest.residual_bytes,
        link_bytes_per_step=max(_moved(one.record.group) for one in lowered),
    )


def _memory(lowered: Sequence[Lowered], process: str) -> dict[str, int]:
    """By process the most that it needs in any section."""
    found: dict[str, int] = {}
    for one in lowered:
        group = one.record.group
        needed = {record.process: record.total for record in group.memory} if group else {process: one.cost.memory_bytes}
        found |= {name: max(found.get(name, 0), total) for name, total in needed.items()}
    return found


def _flops(group: GroupRecord) -> int:
    """What all workers and servers of a group compute in a step."""
    workers = sum(
        role.calls[step.call].flops * len(role.workers) for role in group.roles for step in role.step if isinstance(step, RunStep)
    )
    return workers + sum(call.flops for call in group.server_calls.values()) * len(group.servers)


def _moved(group: GroupRecord | None) -> int:
    """Bytes between processes in a step."""
    return sum(link.step_bytes for link in group.links) if group else 0


def _steps(section: Section) -> int | None:
    steps = section.train.steps
    if not isinstance(steps, Epochs):
        return steps
    records = section.own_data()[0].records
    return None if records is None else steps_of_epochs(steps.count, records, section.batch("train"))
