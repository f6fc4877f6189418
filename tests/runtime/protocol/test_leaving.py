"""A job of several workers may be left at any moment and goes on as if it never had been: small jobs, every order, every moment."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_runtime.protocol import events as e
from singalang_runtime.protocol import instructions as i
from singalang_runtime.protocol.coordinator import Coordinator
from singalang_runtime.protocol.schedule import Due, Periodic, Schedule
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import StepInstruction
from tests.runtime.protocol.jobs import Exploration, Job, Line, Stories
from tests.runtime.protocol.small import Small
from tests.runtime.protocol.symbols import Symbols
from tests.runtime.test_schedule import schedules

PLAIN = Schedule("train", 2)
TESTED = Schedule("train", 2, (Periodic("val", 1, 1, batches=1),), (Due("checkpoint"),))
BUSY = Schedule(
    "train",
    2,
    (Periodic("val", 1, 1, batches=1), Periodic("checkpoint", 1, 1), Periodic("log", 1, 1)),
    (Due("log"), Due("checkpoint")),
)
JOBS = [
    Job((Small(),), (PLAIN,)),
    Job((Small(gather=True),), (BUSY,)),
    Job((Small(gather=True, servers=2, clip=True),), (TESTED,)),
    Job((Small(stages=2, micro_batches=2),), (BUSY,)),
    Job((Small(stages=2, deaf=True),), (TESTED,)),
    Job((Small(micro_batches=2, shards=4),), (TESTED,)),
    Job((Small(workers=3),), (PLAIN,)),
    Job((Small(), Small(stages=2)), (PLAIN, TESTED)),
    Job((Small(workers=1), Small(servers=2)), (TESTED, TESTED)),
    Job((Small(), Small(workers=1)), (BUSY, TESTED)),
]


def whole(job: Job, symbols: Symbols) -> tuple[Stories, tuple[Line, ...]]:
    """What all hold, and what was measured, when nobody wants to leave: always the same."""
    [(status, _, stories, lines)] = Exploration(job, symbols).ends
    assert status == "finished"
    return stories, lines


def check(job: Job, symbols: Symbols, status: str) -> list[Exploration]:
    """Explores a job, and all jobs that go on from where it may be left, in which somebody may want to leave again."""
    expected = whole(replace(job, leaves=False, until=None), symbols)
    todo, seen, done = [job], set[e.Cursor](), list[Exploration]()
    while todo:
        found = Exploration(todo.pop(), symbols)
        done.append(found)
        for ended, cursor, stories, lines in found.ends:
            assert ended in (status, "finished", "interrupted")
            if ended == "finished":
                assert (stories, lines) == expected
            elif cursor is not None and cursor not in seen:
                seen.add(cursor)
                todo.append(found.resumed(cursor))
    return done


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.groups} {len(job.schedules[0].acts)}")
def test_wherever_somebody_wants_to_leave_all_leave_at_one_place_and_go_on_from_there(job: Job) -> None:
    [first, *others] = check(replace(job, leaves=True), Symbols(), "interrupted")
    ends = {status for status, *_ in first.ends}
    assert ends == {"finished", "interrupted"} and others and first.found.states > 1000


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Jobs of one or two sections with groups of up to four workers, and acts at any steps."""
    sections = draw(st.integers(1, 2))
    groups = []
    for _ in range(sections):
        stages, width = draw(st.sampled_from([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]))
        small = Small(
            stages * width, stages, draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.booleans()), draw(st.booleans())
        )
        groups.append(small)
    return Job(tuple(groups), tuple(replace(draw(schedules(8, ("val", "checkpoint", "log"))), chunk=1) for _ in groups))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(jobs(), st.lists(st.none() | st.integers(1, 8), min_size=1, max_size=3), st.randoms())
def test_longer_jobs_left_again_and_again_end_as_if_they_never_had_been(job: Job, untils: list[int | None], draw: Random) -> None:
    symbols = Symbols()
    [(status, _, stories, lines)] = Exploration(job, symbols, draw).ends
    assert status == "finished"
    going = job
    for until in untils:
        found = Exploration(replace(going, until=until, leaves=until is None), symbols, draw)
        [(ended, cursor, *what)] = found.ends
        if ended == "finished":
            assert what == [stories, lines]
            return
        going = found.resumed(cursor)
    [(ended, _, *what)] = Exploration(going, symbols, draw).ends
    assert (ended, what) == ("finished", [stories, lines])


@pytest.mark.parametrize("until", [1, 2])
def test_told_to_stop_all_stop_after_the_same_step(until: int) -> None:
    for job in (JOBS[1], JOBS[7]):
        [first, *_] = check(replace(job, until=until), Symbols(), "stopped")
        assert {(status, cursor and cursor.step) for status, cursor, *_ in first.ends} <= {("stopped", until), ("finished", until)}
        check(replace(job, until=until, leaves=True), Symbols(), "stopped")


@pytest.mark.parametrize("fails", [0, 1])
def test_the_fault_of_one_worker_ends_the_job_of_all(fails: int) -> None:
    found = Exploration(replace(JOBS[1], fails=fails), Symbols())
    assert {status for status, *_ in found.ends} == {"failed"}
    found = Exploration(replace(JOBS[1], fails=fails, leaves=True), Symbols())
    assert {status for status, *_ in found.ends} == {"failed", "interrupted"}


def test_workers_that_leave_where_the_first_of_them_can_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hasty(Coordinator):
        def _can_leave(self, worker: int, place: e.Place) -> list[i.CoordinatorInstruction]:
            self.places[worker] = place
            done = len(self.places) == len(self.workers)
            return self._to_all(e.LeaveAt(min(self.places.values()))) if done else []

    monkeypatch.setattr("tests.runtime.protocol.jobs.Coordinator", Hasty)
    with pytest.raises(AssertionError, match=r"waiting for ever|workers want checkpoints apart"):
        check(replace(JOBS[0], leaves=True), Symbols(), "interrupted")


def test_workers_that_tell_where_they_stand_only_when_they_stand_there_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = StepWorker._pause

    def silent(self: StepWorker) -> list[StepInstruction]:
        pause(self)
        return []

    monkeypatch.setattr(StepWorker, "_pause", silent)
    with pytest.raises(AssertionError, match="waiting for ever"):
        check(replace(JOBS[1], leaves=True), Symbols(), "interrupted")


def test_a_checkpoint_that_does_not_wait_for_all_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hasty(Coordinator):
        def _ready(self, worker: int, cursor: e.Cursor) -> list[i.CoordinatorInstruction]:
            return [i.WriteCheckpoint(cursor)] if worker == 0 else []

    monkeypatch.setattr("tests.runtime.protocol.jobs.Coordinator", Hasty)
    with pytest.raises(AssertionError):
        whole(JOBS[1], Symbols())


def test_messages_of_one_evaluation_are_never_taken_for_those_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the last stage, so that the first may be a whole evaluation ahead of it."""
    whole(JOBS[4], Symbols())
    monkeypatch.setattr(StepWorker, "_told", property(lambda self: self.step))
    with pytest.raises(AssertionError, match=r"twice|not alike"):
        whole(JOBS[4], Symbols())
