"""The state machines of worker and coordinator: events in, instructions out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.schedule import Due, Periodic, Schedule
from singalang_runtime.protocol.worker import Worker
from tests.runtime.test_schedule import schedules

END = (Due("test"), Due("checkpoint"))
SMALL = Schedule("train", 20, (Periodic("test", 10, 10, batches=2), Periodic("log", 10, 10)), END)
MEASURES = (e.Measure("loss", 3.0, 2.0),)


def test_a_worker_walks_a_section_from_act_to_act() -> None:
    worker = Worker(0, [SMALL])
    assert worker.handle(e.Begin(0)) == [i.Initialise(0)]
    assert worker.handle(e.Ready()) == [i.RunSteps(0, 0, 10)]
    assert worker.handle(e.StepsDone(10)) == [i.Gather(), i.Evaluate(0, "test", 10, 2)]
    report = i.Tell(e.MetricsReported(0, 0, "test", 10, MEASURES))
    assert worker.handle(e.Measured("test", MEASURES)) == [report, i.ReadMetrics(0, 10)]
    report = i.Tell(e.MetricsReported(0, 0, "train", 10, MEASURES))
    assert worker.handle(e.Measured("train", MEASURES)) == [report, i.RunSteps(0, 10, 10)]
    assert worker.handle(e.StepsDone(20)) == [i.Gather(), i.ReadMetrics(0, 20)]
    assert worker.handle(e.Measured("train", ()))[1] == i.Evaluate(0, "test", 20, None)
    ready = e.CheckpointReady(0, e.Cursor(0, 20, ("log", "test", "checkpoint")))
    assert worker.handle(e.Measured("test", ()))[1] == i.Tell(ready)
    assert worker.handle(e.CheckpointWritten()) == [i.Tell(e.SectionFinished(0, 0))]


def test_a_worker_asked_to_leave_ends_its_dispatch_and_writes_a_checkpoint() -> None:
    worker = Worker(0, [SMALL])
    worker.handle(e.Begin(0))
    worker.handle(e.Ready())
    assert worker.handle(e.LeaveAsked()) == [i.Pause()]
    assert worker.handle(e.StepsDone(7)) == [i.Tell(e.CanLeaveAt(0, 0, e.Place(7, 0)))]
    assert worker.handle(e.LeaveAt(e.Place(7, 0))) == [i.Tell(e.CheckpointReady(0, e.Cursor(0, 7)))]
    assert worker.handle(e.CheckpointWritten()) == [i.Tell(e.WorkerLeft(0, 0, 7))]


def test_a_worker_that_did_nothing_yet_leaves_no_checkpoint() -> None:
    worker = Worker(0, [SMALL])
    worker.handle(e.Begin(0))
    assert worker.handle(e.LeaveAsked()) == [i.Tell(e.CanLeaveAt(0, 0, e.Place(0, 0)))]
    assert worker.handle(e.Ready()) == []
    assert worker.handle(e.LeaveAt(e.Place(0, 0))) == [i.Tell(e.WorkerLeft(0, 0, 0))]


def test_acts_not_done_when_leaving_are_done_when_going_on() -> None:
    worker = Worker(0, [SMALL])
    worker.handle(e.Begin(0))
    worker.handle(e.Ready())
    worker.handle(e.StepsDone(10))
    worker.handle(e.LeaveAsked())
    assert worker.handle(e.EvaluationCut()) == [i.Tell(e.CanLeaveAt(0, 0, e.Place(10, 0)))]
    cursor = e.Cursor(0, 10, ())
    assert worker.handle(e.LeaveAt(e.Place(10, 0))) == [i.Tell(e.CheckpointReady(0, cursor))]
    heir = Worker(0, [SMALL])
    assert heir.handle(e.Begin(0, cursor)) == [i.Restore(cursor)]
    assert heir.handle(e.Ready()) == [i.Evaluate(0, "test", 10, 2)]


def test_a_worker_stops_at_the_first_whole_dispatch_after_the_step_it_was_told() -> None:
    worker = Worker(0, [Schedule("train", 100, chunk=10)], until=33)
    worker.handle(e.Begin(0))
    assert worker.handle(e.Ready()) == [i.RunSteps(0, 0, 40)]
    assert worker.handle(e.StepsDone(40)) == [i.Tell(e.CheckpointReady(0, e.Cursor(0, 40)))]


def test_a_fault_is_told_and_ends_the_job() -> None:
    fault = e.Fault("not-finite", "train", 10, 0, "loss", "nan")
    assert Worker(0, [SMALL]).handle(e.Faulted(fault)) == [i.Tell(e.WorkerFailed(0, fault))]
    coordinator = Coordinator([1])
    assert coordinator.handle(e.WorkerFailed(0, fault)) == [i.EndJob("failed", fault)]
    assert coordinator.handle(e.SectionFinished(0, 0)) == []


def test_the_coordinator_adds_what_all_workers_measured_in_their_order() -> None:
    coordinator = Coordinator([2])
    assert coordinator.handle(e.JobStarted()) == [i.Send(0, e.Begin(0)), i.Send(1, e.Begin(0))]
    assert coordinator.handle(e.MetricsReported(1, 0, "train", 5, (e.Measure("loss", 1.0, 2.0),))) == []
    both = (e.Measure("loss", 4.0, 6.0),)
    assert coordinator.handle(e.MetricsReported(0, 0, "train", 5, (e.Measure("loss", 3.0, 4.0),))) == [
        i.RecordMetrics(0, "train", 5, both)
    ]


def test_the_coordinator_waits_for_every_worker_before_the_next_section() -> None:
    coordinator = Coordinator([2, 2])
    coordinator.handle(e.JobStarted())
    assert coordinator.handle(e.SectionFinished(0, 0)) == []
    assert coordinator.handle(e.SectionFinished(1, 0)) == [i.Send(0, e.Begin(1)), i.Send(1, e.Begin(1))]
    coordinator.handle(e.SectionFinished(0, 1))
    assert coordinator.handle(e.SectionFinished(1, 1)) == [i.EndJob("finished")]


def test_a_section_leaves_workers_alone_that_it_does_not_need() -> None:
    coordinator = Coordinator([1, 3])
    assert coordinator.handle(e.JobStarted()) == [i.Send(0, e.Begin(0))]
    assert coordinator.handle(e.SectionFinished(0, 0)) == [i.Send(worker, e.Begin(1)) for worker in range(3)]


def test_a_checkpoint_is_written_when_all_workers_stand_at_it_and_all_go_on_after_it() -> None:
    coordinator, cursor = Coordinator([2]), e.Cursor(0, 10, ("checkpoint",))
    coordinator.handle(e.JobStarted())
    assert coordinator.handle(e.CheckpointReady(1, cursor)) == []
    assert coordinator.handle(e.CheckpointReady(0, cursor)) == [i.WriteCheckpoint(cursor)]
    assert coordinator.handle(e.Checkpointed(0, 10)) == [i.Send(worker, e.CheckpointWritten()) for worker in (0, 1)]


def test_workers_go_on_to_the_first_place_where_all_can_stand() -> None:
    coordinator = Coordinator([2])
    coordinator.handle(e.JobStarted())
    assert coordinator.handle(e.LeaveRequested()) == [i.Send(worker, e.LeaveAsked()) for worker in (0, 1)]
    assert coordinator.handle(e.CanLeaveAt(0, 0, e.Place(5, 0))) == []
    word = e.LeaveAt(e.Place(6, 0))
    assert coordinator.handle(e.CanLeaveAt(1, 0, e.Place(6, 0))) == [i.Send(0, word), i.Send(1, word)]


def test_a_worker_that_is_within_a_step_says_at_once_where_it_can_stand() -> None:
    worker = Worker(1, [SMALL])
    worker.handle(e.Begin(0))
    worker.handle(e.Ready())
    assert worker.handle(e.LeaveAsked()) == [i.Pause()]
    assert worker.handle(e.PausesAt(5)) == [i.Tell(e.CanLeaveAt(1, 0, e.Place(5, 0)))]
    assert worker.handle(e.StepsDone(5)) == []
    assert worker.handle(e.LeaveAt(e.Place(6, 0))) == [i.RunSteps(0, 5, 1)]
    assert worker.handle(e.StepsDone(6)) == [i.Tell(e.CheckpointReady(1, e.Cursor(0, 6)))]


def test_a_worker_that_others_need_for_an_evaluation_leaves_after_it() -> None:
    worker = Worker(1, [SMALL])
    worker.handle(e.Begin(0))
    worker.handle(e.Ready())
    worker.handle(e.StepsDone(10))
    assert worker.handle(e.LeaveAsked()) == [i.Pause()]
    assert worker.handle(e.PausesAt(None)) == [i.Tell(e.CanLeaveAt(1, 0, e.Place(10, 1)))]
    assert worker.handle(e.LeaveAt(e.Place(10, 1))) == []
    ready = i.Tell(e.CheckpointReady(1, e.Cursor(0, 10, ("test",))))
    assert worker.handle(e.Measured("test", MEASURES))[1:] == [ready]


def test_progress_is_that_of_the_last_worker_and_is_shown_when_all_have_told() -> None:
    coordinator = Coordinator([2])
    coordinator.handle(e.JobStarted())
    assert coordinator.handle(e.Progressed(0, 0, 7, MEASURES)) == []
    assert coordinator.handle(e.Progressed(1, 0, 6, MEASURES)) == [i.ShowProgress(0, 6, (e.Measure("loss", 6.0, 4.0),))]


def test_asked_twice_to_leave_the_job_is_abandoned() -> None:
    coordinator = Coordinator([1])
    coordinator.handle(e.JobStarted())
    assert coordinator.handle(e.LeaveRequested()) == [i.Send(0, e.LeaveAsked())]
    assert coordinator.handle(e.LeaveRequested()) == [i.EndJob("abandoned")]


def test_progress_is_asked_for_a_few_times_a_second_at_most() -> None:
    coordinator = Coordinator([1])
    asked = [bool(coordinator.handle(e.Tick(tenth / 10))) for tenth in range(10)]
    assert asked == [True, False, False, True, False, False, True, False, False, True]


@dataclass
class Machinery:
    """A host without numbers: it notes every dispatch and every finished act, and can be cut short anywhere."""

    schedules: list[Schedule]
    leave_at: int | None  # after so many happenings
    until: int | None = None
    cursor: e.Cursor | None = None
    saved: e.Cursor | None = None  # the last checkpoint
    story: list[object] = field(default_factory=list)
    kept: int = 0  # length of the story at the last checkpoint
    happened: int = 0
    end: str | None = None

    def run(self) -> str:
        """Runs the job until its end, and says how it ended."""
        self.worker = Worker(0, self.schedules, self.until)
        self.coordinator = Coordinator([1] * len(self.schedules), self.cursor)
        self.inbox: deque[e.WorkerEvent] = deque()
        self._coordinate(e.JobStarted())
        while self.end is None:
            for instruction in self.worker.handle(self.inbox.popleft()):
                self._work(instruction)
        return self.end

    def _coordinate(self, event: e.CoordinatorEvent) -> None:
        for instruction in self.coordinator.handle(event):
            match instruction:
                case i.Send(_, message):
                    self.inbox.append(message)
                case i.WriteCheckpoint(cursor):
                    self._happens()
                    self.saved, self.kept = cursor, len(self.story)
                    self._coordinate(e.Checkpointed(cursor.section, cursor.step))
                case i.RecordMetrics(section, phase, step, _):
                    self.story.append((section, phase, step))
                case i.EndJob(status):
                    self.end = status

    def _happens(self) -> bool:
        """Whether somebody wants to leave now."""
        self.happened += 1
        if self.happened != self.leave_at:
            return False
        self._coordinate(e.LeaveRequested())
        return True

    def _work(self, instruction: i.WorkerInstruction) -> None:
        match instruction:
            case i.Initialise() | i.Restore():
                self._happens()
                self.inbox.append(e.Ready())
            case i.RunSteps(section, first, count):
                self.inbox.append(e.StepsDone(self._steps(section, first, count)))
            case i.Evaluate(_, phase):
                self.inbox.append(e.EvaluationCut() if self._happens() else e.Measured(phase, ()))
            case i.ReadMetrics():
                self._happens()
                self.inbox.append(e.Measured("train", ()))
            case i.Tell(event):
                self._coordinate(event)
            case i.Gather():
                self.story.append(("gather", self.worker.section, self.worker.step))

    def _steps(self, section: int, first: int, count: int) -> int:
        done = first
        for start, size in self.schedules[section].dispatches(first, first + count):
            self.story.append((section, start, size))
            done = start + size
            if self._happens():
                break
        return done


@settings(max_examples=300, deadline=None)
@given(st.lists(schedules(), min_size=1, max_size=3), st.lists(st.integers(1, 40), max_size=4), st.data())
def test_wherever_a_job_is_left_or_stopped_its_story_is_the_uninterrupted_one(
    plan: list[Schedule], leaves: list[int], data: st.DataObject
) -> None:
    whole = Machinery(plan, None)
    assert whole.run() == "finished"
    cursor, story = None, list[object]()
    for leave in leaves:
        part = Machinery(plan, leave, data.draw(st.none() | st.integers(1, 60)), cursor, cursor, list(story), len(story))
        if part.run() == "finished":
            story = part.story
            break
        cursor, story = part.saved, part.story[: part.kept]
    else:
        last = Machinery(plan, None, None, cursor, cursor, list(story), len(story))
        assert last.run() == "finished"
        story = last.story
    assert story == whole.story


@given(st.lists(schedules(), min_size=1, max_size=2), st.integers(1, 60))
def test_a_job_killed_anywhere_goes_on_from_its_last_checkpoint(plan: list[Schedule], killed_after: int) -> None:
    """Killed: nothing is said to anyone; what counts is the story up to the last checkpoint."""
    whole = Machinery(plan, None)
    whole.run()

    class Killed(Exception):
        pass

    class Mortal(Machinery):
        def _happens(self) -> bool:
            self.happened += 1
            if self.happened == killed_after:
                raise Killed
            return False

    mortal = Mortal(plan, None)
    try:
        mortal.run()
    except Killed:
        heir = Machinery(plan, None, None, mortal.saved, mortal.saved, mortal.story[: mortal.kept], mortal.kept)
        heir.run()
        assert heir.story == whole.story
