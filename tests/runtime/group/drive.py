"""Trains the group of a plan's section without the rest of a run: no coordinator, no acts, no files."""

from __future__ import annotations

from pathlib import Path

from singalang_runtime.attention import Attention
from singalang_runtime.device import open_device
from singalang_runtime.execute import needed_kernels
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.group.loop import Order
from singalang_runtime.opening import OpenJob, open_job, open_plan
from singalang_runtime.protocol.events import Measured, StepsDone


def opened(path: Path, *, data: Path | None = None, cache: Path | None = None, order: Order | None = None) -> LocalGroup:
    """The group of a plan's first section, at its beginning."""
    job = job_of(path, data)
    device = open_device(job.plan, path, needed_kernels(job.plan), cache)
    assert device.value is not None, device.diagnostics
    group = LocalGroup(job.plan, job.plan.sections[0], job.feeds[0], job.schedules[0], device.value.load, order)
    group.initialise({})
    return group


def job_of(path: Path, data: Path | None = None) -> OpenJob:
    """The job of a plan, its data open."""
    plan = open_plan(path)
    assert plan.value is not None, plan.diagnostics
    job = open_job(plan.value, path, data or path.parent, path.parent)
    assert job.value is not None, job.diagnostics
    return job.value


def train(group: LocalGroup, stop: int) -> None:
    """Does steps up to `stop`."""
    for member in group.members:
        group.run(member.number, stop)
    left = {member.number for member in group.members}
    while left:
        for worker, answer in group.advance(Attention()):
            assert answer == StepsDone(stop)
            left.remove(worker)


def evaluate(group: LocalGroup, batches: int | None = None) -> dict[str, float]:
    """The metrics of a test."""
    found: dict[int, Measured] = {}
    for member in group.members:
        group.evaluate(member.number, "test", batches)
    while len(found) < len(group.members):
        for worker, answer in group.advance(Attention()):
            assert isinstance(answer, Measured)
            found[worker] = answer
    return measured([found[number] for number in range(len(found))])


def measured(found: list[Measured]) -> dict[str, float]:
    """What all workers measured together, by metric."""
    same = zip(*(one.measures for one in found), strict=True)
    return {every[0].name: sum(one.total for one in every) / sum(one.weight for one in every) for every in same}
