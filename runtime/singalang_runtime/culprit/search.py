"""Looks for the culprit of a run in its folder, and measures the tensors of a checkpoint. Reads, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TypeVar

from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.checkpoint.manifest import place_of
from singalang_runtime.checkpoint.read import Checkpoint, names, read_checkpoint
from singalang_runtime.culprit.probe import Probe
from singalang_runtime.culprit.records import NO_PROBE, PROBE, Found, Norms
from singalang_runtime.culprit.replay import Replay, Target, TooLong
from singalang_runtime.device import Device, open_device
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.opening import OpenJob, check_memory, open_job, open_plan, training_kernels
from singalang_runtime.report.words import duration
from singalang_runtime.run_folder import read_state
from singalang_runtime.storage import StorageFailed

_COPIES = 2
"""How often a search has all tensors besides what training needs: those that it keeps, and those that it looks at."""
Value = TypeVar("Value")


class _NotLooked(Exception):
    """Why nothing can be looked for; `bounded` where memory is lacking."""

    def __init__(self, why: str, bounded: bool = False) -> None:
        super().__init__(why)
        self.bounded = bounded


@dataclass(frozen=True, slots=True)
class RunAt:
    """A run in its folder; `data` is where relative paths of the plan are found, None for where the run found them; `cache` the
    folder of compiled kernels."""

    folder: Path
    data: Path | None
    cache: Path | None


def search(run: RunAt, target: Target) -> Found:
    """Who was the first to give what is not finite, or why nobody is named."""
    try:
        plan = _plan(run)
        job = _job(run, plan, bounded=isfinite(target.limit_s))
        device = _device(run, plan, target.section)
        return Replay(job, device.load, target).search(_checkpoint(run, plan, target))
    except _NotLooked as reason:
        return Found(why=str(reason), bounded=reason.bounded)
    except TooLong as failure:
        return Found(why=f"doing the steps again takes {duration(failure.seconds)} or longer", bounded=True)
    except (BrokenData, StorageFailed) as failure:
        return Found(why=failure.diagnostic.title)


def norms(run: RunAt, checkpoint: str) -> Norms | str:
    """The sizes in the step that follows a checkpoint, or why they are not known."""
    try:
        plan = _plan(run)
        sections = [section.name for section in plan.sections]
        read = read_checkpoint(run.folder / "checkpoints" / checkpoint)
        if not isinstance(read, Checkpoint):
            return read
        number = sections.index(read.manifest.section)
        job, device = _job(run, plan), _device(run, plan, number)
        return Probe(plan, plan.sections[number], job.feeds[number], device.load).measure(read.tensors, read.manifest.step)
    except _NotLooked as reason:
        return str(reason)
    except (BrokenData, StorageFailed) as failure:
        return failure.diagnostic.title


def _plan(run: RunAt) -> Plan:
    plan = _value(open_plan(run.folder / "plan.json"))
    if any(PROBE not in section.kernels for section in plan.sections):
        raise _NotLooked(NO_PROBE)
    return plan


def _job(run: RunAt, plan: Plan, bounded: bool = True) -> OpenJob:
    data = run.data if run.data is not None else Path(_value(read_state(run.folder)).data)
    copies = _COPIES * (plan.estimate.parameter_bytes + plan.estimate.slot_bytes)
    if bounded and check_memory(plan, copies):
        raise _NotLooked("there is not enough memory to do the steps again", bounded=True)
    return _value(open_job(plan, run.folder / "plan.json", data, run.folder, alone=False))


def _device(run: RunAt, plan: Plan, last: int) -> Device:
    """The device with the kernels of all sections up to this one."""
    sections = plan.sections[: last + 1]
    wanted = {key for section in sections for key in training_kernels(section)} | {one.init_kernel for one in plan.parameters}
    return _value(open_device(plan, run.folder / "plan.json", wanted | {plan.sections[last].kernels[PROBE]}, run.cache))


def _checkpoint(run: RunAt, plan: Plan, target: Target) -> Checkpoint | None:
    """The last checkpoint before the target."""
    sections = [section.name for section in plan.sections]
    known = names(run.folder / "checkpoints", sections)
    before = [name for name in known if (place_of(name, sections) or (0, 0)) <= (target.section, target.step)]
    if not before:
        return None
    read = read_checkpoint(run.folder / "checkpoints" / before[-1])
    if not isinstance(read, Checkpoint):
        raise _NotLooked(f"the checkpoint `{before[-1]}` is damaged: {read}")
    return read


def _value(outcome: Outcome[Value]) -> Value:
    """What was opened, else an exception with the reason that there is nothing."""
    if outcome.value is None:
        raise _NotLooked(outcome.diagnostics[0].title if outcome.diagnostics else "nothing could be opened")
    return outcome.value
