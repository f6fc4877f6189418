"""The worker of a job as a state machine: it walks the program of each train section. No I/O, clock, thread or array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from singalang_runtime.protocol.events import (
    Begin,
    Checkpointed,
    CheckpointWritten,
    Cursor,
    EvaluationCut,
    Faulted,
    LeaveAsked,
    Measured,
    MetricsReported,
    ProgressAsked,
    Ready,
    SectionFinished,
    StepsDone,
    WorkerEvent,
    WorkerFailed,
    WorkerLeft,
)
from singalang_runtime.protocol.instructions import (
    Evaluate,
    Gather,
    Initialise,
    ReadMetrics,
    ReadProgress,
    Restore,
    RunSteps,
    Tell,
    WorkerInstruction,
    WriteCheckpoint,
)
from singalang_runtime.protocol.schedule import Action, Due, Schedule


class Worker:
    """One worker: steps up to the next act, the acts due there, and so on; at the end of a section it waits to be sent on.

    Asked to leave, or once `until` steps of a section are done, it ends its dispatch, writes a checkpoint and leaves. Since
    dispatches and acts depend on the step number alone, whoever goes on from there does what it would have done.
    """

    def __init__(self, number: int, schedules: Sequence[Schedule], until: int | None = None) -> None:
        self.number = number
        self.schedules = tuple(schedules)
        self.until = until
        self.section = 0
        self.step = 0
        self.due: tuple[Due, ...] = ()  # acts still to do at this step, the one being done first
        self.done: tuple[Action, ...] = ()  # acts done at this step
        self.saved: int | None = None  # step of the last checkpoint of this section
        self.leaving = False
        self.idle = True  # between sections, or gone

    @property
    def schedule(self) -> Schedule:
        """The schedule of the section at hand."""
        return self.schedules[self.section]

    def handle(self, event: WorkerEvent) -> list[WorkerInstruction]:
        """What to do next."""
        match event:
            case Begin(section, cursor):
                return self._begin(section, cursor)
            case Ready():
                return self._next()
            case StepsDone(step):
                return self._stepped(step)
            case Measured(phase, measures):
                report = Tell(MetricsReported(self.number, self.section, phase, self.step, measures))
                return [report, *self._acted()]
            case EvaluationCut():
                return self._next()
            case CheckpointWritten():
                return self._checkpointed()
            case LeaveAsked():
                self.leaving = True
                return [Tell(WorkerLeft(self.number, self.section, self.step))] if self.idle else []
            case ProgressAsked():
                return [] if self.idle else [ReadProgress(self.section)]
            case Faulted(fault):
                self.idle = True
                return [Tell(WorkerFailed(self.number, fault))]
            case _:
                assert_never(event)

    def _begin(self, section: int, cursor: Cursor | None) -> list[WorkerInstruction]:
        self.section = section
        self.idle = False
        self.step = cursor.step if cursor else 0
        self.saved = self.step if cursor else None
        self.done = cursor.done if cursor else ()
        self.due = tuple(act for act in self.schedule.due(self.step) if act.action not in self.done)
        return [Restore(cursor) if cursor else Initialise(section)]

    def _stepped(self, step: int) -> list[WorkerInstruction]:
        stop = self.schedule.next_stop(self.step)
        assert self.step <= step <= stop, f"step {step} after step {self.step}"
        if step == self.step:
            return self._next()
        self.step, self.done = step, ()
        self.due = self.schedule.due(step)
        return [Gather(), *self._next()] if step == stop else self._next()

    def _acted(self) -> list[WorkerInstruction]:
        self.done += (self.due[0].action,)
        self.due = self.due[1:]
        return self._next()

    def _checkpointed(self) -> list[WorkerInstruction]:
        self.saved = self.step
        told = Tell(Checkpointed(self.number, self.section, self.step))
        if self.due and self.due[0].action == "checkpoint":
            return [told, *self._acted()]
        return [told, *self._next()]

    def _next(self) -> list[WorkerInstruction]:
        if self._must_leave():
            return self._leave()
        if self.due:
            return [self._act(self.due[0])]
        if self.step == self.schedule.steps:
            self.idle = True
            return [Tell(SectionFinished(self.number, self.section))]
        stop = self.schedule.next_stop(self.step)
        if self.until is not None and self.step < self.until:
            stop = min(stop, self.schedule.boundary(self.until))
        return [RunSteps(self.section, self.step, stop - self.step)]

    def _act(self, act: Due) -> WorkerInstruction:
        match act.action:
            case "val" | "test":
                return Evaluate(self.section, act.action, self.step, act.batches)
            case "checkpoint":
                return self._checkpoint()
            case "log":
                return ReadMetrics(self.section, self.step)
            case _:
                assert_never(act.action)

    def _checkpoint(self) -> WriteCheckpoint:
        """A checkpoint at this place; going on from it, nobody need write it again."""
        done = self.done if "checkpoint" in self.done else (*self.done, "checkpoint")
        is_due = any(act.action == "checkpoint" for act in self.schedule.due(self.step))
        return WriteCheckpoint(Cursor(self.section, self.step, done if is_due else self.done))

    def _must_leave(self) -> bool:
        if self.section + 1 == len(self.schedules) and self.step == self.schedule.steps and not self.due:
            return False  # nothing is left to do
        return self.leaving or (self.until is not None and self.step >= self.until and not self.due)

    def _leave(self) -> list[WorkerInstruction]:
        if self.saved == self.step or (self.section == 0 and self.step == 0):
            self.idle = True
            return [Tell(WorkerLeft(self.number, self.section, self.step))]
        return [self._checkpoint()]
