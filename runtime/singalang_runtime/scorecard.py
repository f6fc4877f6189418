"""`scorecard.json`: what the plan predicted beside what was measured. Knows no kernel."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.opening import local_bytes

if TYPE_CHECKING:
    from singalang_compiler.plan_group import GroupRecord, MemoryRecord, TimesRecord
    from singalang_runtime.crew import GroupMeasured
    from singalang_runtime.processes.wire import Needed


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction and a measurement; `ratio` is measured to predicted."""

    predicted: float | None
    measured: float | None
    ratio: float | None


class ProcessScore(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a group. `memory_bytes`: the most that it ever held, above what it held when it was prepared and had no array
    yet. Seconds of a step: in kernels and sums, in waiting for others, in copying what is sent and received. `parameter_bytes`: of
    the parameters that its worker reads; `updater_bytes`: of its servers' updater state."""

    memory_bytes: Score
    compute_s: Score
    waiting_s: Score
    moving_s: Score
    parameter_bytes: Score
    updater_bytes: Score


class SectionScore(msgspec.Struct, frozen=True, kw_only=True):
    """One train section, as far as this process trained it. `step_s`: mean over all steps; `median_step_s`: over stretches.

    Of a group: `link_step_bytes`, by kind of link, moved between processes in a step, and `process_memory_bytes`, the most that a
    process held by name in a step, with what its kernels needed meanwhile (one process of those of which the same is predicted).
    Where its processes were real, `processes` says more of every one.
    """

    name: str
    steps: int
    predicted_step_s: float
    step_s: float | None
    median_step_s: float | None
    records_s: float | None
    compile_s: float
    link_step_bytes: dict[str, Score] = {}
    process_memory_bytes: dict[str, Score] = {}
    processes: dict[str, ProcessScore] = {}


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Predicted against measured, for the time since the process began (a resumed run measures anew)."""

    step_s: Score
    flops_s: Score
    memory_bytes: Score
    checkpoint_bytes: Score
    total_s: Score
    sections: tuple[SectionScore, ...]


def section_score(
    section: SectionRecord, timed: list[tuple[int, float]], compile_s: float, measured: GroupMeasured | None = None
) -> SectionScore:
    """The score of a section from the (steps, seconds) of its stretches, and what its group needed."""
    group = section.group
    steps, seconds = sum(count for count, _ in timed), sum(time for _, time in timed)
    return SectionScore(
        name=section.name,
        steps=steps,
        predicted_step_s=section.step_s,
        step_s=seconds / steps if steps else None,
        median_step_s=median(time / count for count, time in timed) if steps else None,
        records_s=section.batch * steps / seconds if steps else None,
        compile_s=compile_s,
        link_step_bytes={one.what: _score(one.step_bytes, measured.step_bytes.get(one.what)) for one in group.links}
        if group and measured
        else {},
        process_memory_bytes={
            one.process: _score(one.total - one.lanes, measured.memory_bytes[one.process]) for one in group.memory
        }
        if group and measured
        else {},
    )


def score_of_processes(section: SectionRecord, needed: Sequence[Needed], compile_s: float) -> SectionScore:
    """The score of a section that real processes trained, from what each measured of itself.

    The time of a step is that of the first worker which says it: all are in the same step.
    """
    group = section.group
    item_bytes = 8 if section.precision == "f64" else 4
    timed = next((one.timed for one in needed if one.timed), ())
    score = section_score(section, list(timed), compile_s)
    if group is None:
        return score
    return msgspec.structs.replace(
        score,
        link_step_bytes=_links(group, needed),
        process_memory_bytes={one.process: _score(_named(group, one.process), one.named_bytes) for one in needed},
        processes={one.process: _process_score(group, one, score.steps, item_bytes) for one in needed},
    )


def _links(group: GroupRecord, needed: Sequence[Needed]) -> dict[str, Score]:
    moved: Counter[str] = Counter()
    steps = max((one.moved_steps for one in needed), default=0)
    for one in needed:
        moved.update(one.moved_bytes)
    return {link.what: _score(link.step_bytes, moved[link.what] / steps if steps else None) for link in group.links}


def _process_score(group: GroupRecord, needed: Needed, steps: int, item_bytes: int) -> ProcessScore:
    memory, times = _memory(group, needed.process), _times(group, needed.process)
    served = sum(one.size for one in group.servers if one.process == needed.process)

    def seconds(predicted: float | None, measured: float) -> Score:
        return _score(predicted, measured / steps if steps else None)

    return ProcessScore(
        memory_bytes=_score(_total(group, needed.process), max(0, needed.memory_bytes - needed.idle_bytes)),
        compute_s=seconds(times.compute_s if times else None, needed.compute_s),
        waiting_s=seconds(times.waiting_s if times else None, needed.waiting_s),
        moving_s=seconds(times.moving_s if times else None, needed.moving_s),
        parameter_bytes=_score(memory.parameters if memory else None, needed.parameter_bytes),
        updater_bytes=_score(served * len(group.slots) * item_bytes, needed.updater_bytes),
    )


def _memory(group: GroupRecord, process: str) -> MemoryRecord | None:
    return next((one for one in group.memory if process in (one.process, *one.others)), None)


def _named(group: GroupRecord, process: str) -> int | None:
    memory = _memory(group, process)
    return memory.total - memory.lanes if memory else None


def _total(group: GroupRecord, process: str) -> int | None:
    memory = _memory(group, process)
    return memory.total if memory else None


def _times(group: GroupRecord, process: str) -> TimesRecord | None:
    return next((one for one in group.times if process in (one.process, *one.others)), None)


def scorecard(plan: Plan, sections: list[SectionScore], total_s: float, checkpoint_bytes: int | None) -> Scorecard:
    """The scorecard of a run."""
    steps = sum(section.steps for section in sections)
    seconds = sum((section.step_s or 0.0) * section.steps for section in sections)
    step_s = seconds / steps if steps else None
    estimate = plan.estimate
    flops_s = estimate.flops_per_step / estimate.step_s if estimate.step_s else None
    return Scorecard(
        step_s=_score(estimate.step_s, step_s),
        flops_s=_score(flops_s, estimate.flops_per_step / step_s if step_s else None),
        memory_bytes=_score(local_bytes(plan), peak_memory_bytes()),
        checkpoint_bytes=_score(estimate.parameter_bytes + estimate.slot_bytes, checkpoint_bytes),
        total_s=_score(estimate.total_s, total_s),
        sections=tuple(sections),
    )


def peak_memory_bytes() -> int | None:
    """The most memory that this process ever held; None where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _score(predicted: float | None, measured: float | None) -> Score:
    return Score(predicted=predicted, measured=measured, ratio=measured / predicted if predicted and measured else None)
