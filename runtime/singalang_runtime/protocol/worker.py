"""The worker of a job as a state machine: it walks the acts of each train section. No I/O, clock, thread or array, and nothing of
what happens inside a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, assert_never

from singalang_runtime.protocol.events import (
    Begin,
    CanLeaveAt,
    CheckpointReady,
    CheckpointWritten,
    Cursor,
    EvaluationCut,
    Faulted,
    LeaveAsked,
    LeaveAt,
    Measured,
    MetricsReported,
    PausesAt,
    Place,
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
    Pause,
    ReadMetrics,
    ReadProgress,
    Restore,
    RunSteps,
    Tell,
    WorkerInstruction,
)
from singalang_runtime.protocol.schedule import Action, Due, Schedule

Waiting: TypeAlias = Literal["begin", "ready", "steps", "evaluation", "metrics", "checkpoint", "word", "nothing"]
"""What a worker waits for: the answer to an instruction, the next section, a checkpoint of all, or the word where all leave."""


class Worker:
    """One worker: steps up to the next act, the acts due there, and so on; at the end of a section it waits to be sent on.

    All workers of a section do the same in the same order. For a checkpoint each waits until all stand at it and it is written.
    Asked to leave, a worker says where it can stand first, goes there and waits; it goes on to where all can stand, there comes a
    checkpoint, and it leaves. Once `until` steps of a section are done, all leave without being asked. Since dispatches and acts
    depend on the step number alone, whoever goes on from there does what it would have done.
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
        self.waits: Waiting = "begin"
        self.leaving = False
        self.told: Place | None = None  # where it said that it can stand
        self.last: Place | None = None  # where all leave

    @property
    def schedule(self) -> Schedule:
        """The schedule of the section at hand."""
        return self.schedules[self.section]

    @property
    def place(self) -> Place:
        """Where it stands, or stood before what it does now."""
        return Place(self.step, len(self.done))

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
                return self._asked_to_leave()
            case PausesAt(step):
                return self._tell(Place(step, 0) if step is not None else self._after_act)
            case LeaveAt(place):
                self.last = place
                return self._next() if self.waits in ("word", "begin") else []
            case ProgressAsked():
                return [] if self.waits in ("begin", "ready", "nothing") else [ReadProgress(self.section)]
            case Faulted(fault):
                self.waits = "nothing"
                return [Tell(WorkerFailed(self.number, fault))]
            case _:
                assert_never(event)

    def _begin(self, section: int, cursor: Cursor | None) -> list[WorkerInstruction]:
        self.section = section
        self.step = cursor.step if cursor else 0
        self.saved = self.step if cursor else None
        self.done = cursor.done if cursor else ()
        self.due = tuple(act for act in self.schedule.due(self.step) if act.action not in self.done)
        self.waits = "ready"
        return [Restore(cursor) if cursor else Initialise(section)]

    def _stepped(self, step: int) -> list[WorkerInstruction]:
        stop = self.schedule.next_stop(self.step)
        assert self.step <= step <= stop, f"worker {self.number}: step {step} after step {self.step}"
        if step == self.step:
            return self._next()
        self.step, self.done = step, ()
        self.due = self.schedule.due(step)
        return [Gather(), *self._next()] if step == stop else self._next()

    def _acted(self) -> list[WorkerInstruction]:
        self.done += (self.due[0].action,)
        self.due = self.due[1:]
        return self._next()

    @property
    def _after_act(self) -> Place:
        """Where it stands when the act at hand is done."""
        return Place(self.step, len(self.done) + 1)

    def _checkpointed(self) -> list[WorkerInstruction]:
        assert self.waits == "checkpoint", f"worker {self.number} waited for {self.waits}, not for a checkpoint"
        self.saved = self.step
        return self._acted() if self._checkpoint_is_next else self._next()

    @property
    def _checkpoint_is_next(self) -> bool:
        return bool(self.due) and self.due[0].action == "checkpoint"

    def _next(self) -> list[WorkerInstruction]:
        if self.leaving and self.last is None:
            return self._stand()
        if not self._is_last_end and self._must_leave():
            return self._leave()
        if self.due:
            return self._act(self.due[0])
        return self._finish() if self.step == self.schedule.steps else [self._run()]

    def _asked_to_leave(self) -> list[WorkerInstruction]:
        self.leaving = True
        match self.waits:
            case "steps" | "evaluation":
                return [Pause()]
            case "metrics" | "word":
                return []  # it comes to stand by itself
            case "checkpoint":
                return self._tell(self._after_act if self._checkpoint_is_next else self.place)
            case "begin" | "ready" | "nothing":
                return self._tell(self.place)
            case _:
                assert_never(self.waits)

    def _tell(self, place: Place) -> list[WorkerInstruction]:
        self.told = place
        return [Tell(CanLeaveAt(self.number, self.section, place))]

    def _stand(self) -> list[WorkerInstruction]:
        """Stands until it is told where all leave."""
        self.waits = "word"
        assert self.told in (None, self.place), f"worker {self.number} stands at {self.place}, not at {self.told} as it said"
        return self._tell(self.place) if self.told is None else []

    def _run(self) -> WorkerInstruction:
        stop = self.schedule.next_stop(self.step)
        if self.until is not None and self.step < self.until:
            stop = min(stop, self.schedule.boundary(self.until))
        if self.last is not None:
            stop = min(stop, self.last.step)
        self.waits = "steps"
        return RunSteps(self.section, self.step, stop - self.step)

    def _act(self, act: Due) -> list[WorkerInstruction]:
        match act.action:
            case "val" | "test":
                self.waits = "evaluation"
                return [Evaluate(self.section, act.action, self.step, act.batches)]
            case "checkpoint":
                return self._checkpoint()
            case "log":
                self.waits = "metrics"
                return [ReadMetrics(self.section, self.step)]
            case _:
                assert_never(act.action)

    def _checkpoint(self) -> list[WorkerInstruction]:
        """A checkpoint at this place; going on from it, nobody need write it again."""
        done = self.done if "checkpoint" in self.done else (*self.done, "checkpoint")
        is_due = any(act.action == "checkpoint" for act in self.schedule.due(self.step))
        self.waits = "checkpoint"
        return [Tell(CheckpointReady(self.number, Cursor(self.section, self.step, done if is_due else self.done)))]

    @property
    def _is_last_end(self) -> bool:
        """Whether nothing is left to do in the whole job."""
        return self.section + 1 == len(self.schedules) and self.step == self.schedule.steps and not self.due

    def _must_leave(self) -> bool:
        if self.last is not None:
            return self.place >= self.last
        return self.until is not None and self.step >= self.until and not self.due

    def _finish(self) -> list[WorkerInstruction]:
        if self.waits == "begin":
            return []  # it has told so before
        self.waits = "begin"
        return [Tell(SectionFinished(self.number, self.section))]

    def _leave(self) -> list[WorkerInstruction]:
        if self.saved == self.step or (self.section == 0 and self.step == 0):
            self.waits = "nothing"
            return [Tell(WorkerLeft(self.number, self.section, self.step))]
        return self._checkpoint()
