"""Does steps of a run again, bit for bit, until something is not finite, and then step by step with the probe. Knows no file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from math import isfinite
from time import perf_counter

import numpy as np

from singalang_runtime.attention import Attention
from singalang_runtime.binding import Load
from singalang_runtime.checkpoint.read import Checkpoint
from singalang_runtime.crew import Alone, Crew
from singalang_runtime.culprit.probe import Probe
from singalang_runtime.culprit.records import Found, Norms
from singalang_runtime.culprit.verdict import verdict
from singalang_runtime.group.local import LocalGroup
from singalang_runtime.layout import Array
from singalang_runtime.opening import OpenJob
from singalang_runtime.protocol.events import StepsDone
from singalang_runtime.protocol.schedule import Schedule
from singalang_runtime.training import Training

STRETCH = 64
"""Dispatches after which all tensors are looked at and kept: so many are at most done step by step with the probe, which takes as
long as a step does."""


class TooLong(Exception):
    """The search would take longer than it may: `seconds` in all."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is not finite: after `step` steps of section `section` it was seen. The search may take `limit_s` seconds."""

    section: int
    step: int
    limit_s: float


class Replay:
    """A job whose steps are done again."""

    def __init__(self, job: OpenJob, load: Load, target: Target) -> None:
        self._job, self._load, self._target = job, load, target
        self._begun = perf_counter()

    def search(self, checkpoint: Checkpoint | None) -> Found:
        """From a checkpoint, else from the job's beginning. May raise TooLong and BrokenData."""
        names = [section.name for section in self._job.plan.sections]
        first = names.index(checkpoint.manifest.section) if checkpoint else 0
        known = _learned(checkpoint.tensors) if checkpoint else {}
        for number in range(first, self._target.section):
            with closing(self._open(number, self._job.schedules[number])) as crew:
                self._place(crew, number, checkpoint if number == first else None, known)
                self._go_to_the_end(crew, number)
                known |= crew.learned()
        number = self._target.section
        with closing(self._open(number, self._job.schedules[number])) as crew:
            self._place(crew, number, checkpoint if number == first else None, known)
            kept, step = self._last_finite(crew)
            if crew.step == step and step >= self._target.step:
                return Found(why="all numbers of the training are finite when its steps are done again")
        return self._step_by_step(kept, step)

    def _last_finite(self, crew: Crew) -> tuple[dict[str, Array], int]:
        """Goes on to where something is not finite, else to the target; the last tensors that are, and their step."""
        kept, step = _copied(crew), crew.step
        chunk, steps = self._schedule.chunk, self._schedule.steps
        while crew.step < min(self._target.step, steps):
            begun, first = perf_counter(), crew.step
            drive(crew, min(crew.step + STRETCH * chunk, steps))
            if not _is_finite(crew):
                break
            kept, step = _copied(crew), crew.step
            self._check_time((perf_counter() - begun) / (step - first) * (self._target.step - step))
        return kept, step

    def _step_by_step(self, kept: Mapping[str, Array], step: int) -> Found:
        """The culprit in one of the steps that follow these tensors."""
        number, schedule = self._target.section, replace(self._schedule, chunk=1)
        plan, feed = self._job.plan, self._job.feeds[number]
        probe = Probe(plan, plan.sections[number], feed, self._load)
        before: Norms | None = None
        with closing(self._open(number, schedule)) as crew:
            crew.restore(kept, step)
            for _ in range(STRETCH * self._schedule.chunk + 1):
                norms = probe.measure(crew.tensors(), crew.step)
                culprit = verdict(norms, before)
                if culprit is not None:
                    return Found(culprit=culprit)
                if crew.step >= schedule.steps:
                    break
                before = norms
                drive(crew, crew.step + 1)
                self._check_time(0.0)
        return Found(why="the layers of the whole net, done one step after the other, give finite numbers")

    def _go_to_the_end(self, crew: Crew, number: int) -> None:
        """All steps of an earlier section that are left."""
        schedule = self._job.schedules[number]
        while crew.step < schedule.steps:
            drive(crew, min(crew.step + STRETCH * schedule.chunk, schedule.steps))
            self._check_time(0.0)

    @property
    def _schedule(self) -> Schedule:
        return self._job.schedules[self._target.section]

    def _check_time(self, left_s: float) -> None:
        """Raises TooLong where the time is over, or will be before so many seconds have passed."""
        seconds = perf_counter() - self._begun + left_s
        if seconds > self._target.limit_s:
            raise TooLong(seconds)

    def _open(self, number: int, schedule: Schedule) -> Crew:
        plan, feed = self._job.plan, self._job.feeds[number]
        section = plan.sections[number]
        if section.group is not None:
            return LocalGroup(plan, section, feed, schedule, self._load)
        return Alone(Training(plan, section, feed, schedule, self._load))

    def _place(self, crew: Crew, number: int, checkpoint: Checkpoint | None, known: dict[str, Array]) -> None:
        """Begins a section, as a run does, or goes on from a checkpoint."""
        start = self._job.starts[number]
        if checkpoint is not None:
            crew.restore(checkpoint.tensors, checkpoint.manifest.step)
        else:
            crew.initialise(known | start.read(crew.layout.dtype) if start is not None else known)


def drive(crew: Crew, stop: int) -> None:
    """Has all workers do steps up to `stop`, or to the end of the dispatch that it lies in. May raise BrokenData."""
    workers = range(crew.section.group.workers if crew.section.group else 1)
    for worker in workers:
        crew.run(worker, stop)
    waiting, watch = set(workers), Attention()
    while waiting:
        for worker, event in crew.advance(watch):
            assert isinstance(event, StepsDone), f"worker {worker} was told to do steps"
            waiting.discard(worker)
    for worker in workers:
        crew.gather(worker)


def _is_finite(crew: Crew) -> bool:
    """Whether all that was measured and all tensors are finite."""
    workers = crew.section.group.workers if crew.section.group else 1
    measured = (one for worker in range(workers) for one in crew.gathered(worker))
    return all(isfinite(one.total) and isfinite(one.weight) for one in measured) and all(
        bool(np.isfinite(tensor).all()) for tensor in crew.tensors().values()
    )


def _copied(crew: Crew) -> dict[str, Array]:
    return {key: np.array(tensor) for key, tensor in crew.tensors().items()}


def _learned(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """What a section takes over from earlier ones."""
    return {key: tensor for key, tensor in tensors.items() if key.startswith(("parameters/", "state/"))}
