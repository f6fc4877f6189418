"""When steps are handed over and acts are due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from singalang_runtime.protocol.schedule import Action, Due, Periodic, Schedule

ACTIONS: tuple[Action, ...] = ("val", "test", "checkpoint", "log")


@st.composite
def schedules(draw: st.DrawFn, most: int = 60, known: tuple[Action, ...] = ACTIONS) -> Schedule:
    """Small schedules of every form, of at most so many steps, with these acts."""
    steps = draw(st.integers(0, most))
    actions = draw(st.lists(st.sampled_from(known), max_size=4, unique=True))
    periods, firsts = st.integers(1, max(1, most // 3)), st.integers(1, max(1, most // 2))
    acts = tuple(Periodic(action, draw(periods), draw(firsts), draw(st.none() | st.just(2))) for action in actions)
    end = tuple(Due(action) for action in draw(st.lists(st.sampled_from(known), max_size=3, unique=True)))
    return Schedule("train", steps, acts, end, draw(st.sampled_from([1, 2, 3, 10])))


def test_an_act_is_due_after_a_then_every_k_steps() -> None:
    act = Periodic("test", period=5, after=3)
    assert [step for step in range(20) if act.is_due(step)] == [3, 8, 13, 18]
    assert [act.next_after(step) for step in (0, 2, 3, 7, 8)] == [3, 3, 8, 8, 13]


def test_acts_of_one_step_keep_their_order() -> None:
    acts = tuple(Periodic(action, 4, 4) for action in ("log", "checkpoint", "test", "val"))
    assert [due.action for due in Schedule("train", 8, acts).due(4)] == ["val", "test", "checkpoint", "log"]


def test_at_the_end_an_act_is_done_once_and_as_the_end_says_with_the_log_first() -> None:
    schedule = Schedule("train", 8, (Periodic("test", 4, 4, batches=1), Periodic("log", 8, 8)), (Due("test"), Due("checkpoint")))
    assert schedule.due(4) == (Due("test", 1),)
    assert schedule.due(8) == (Due("log"), Due("test"), Due("checkpoint"))


def test_a_chunk_is_run_only_where_no_act_is_due_inside_it() -> None:
    schedule = Schedule("train", 27, (Periodic("log", 15, 15),), chunk=10)
    assert list(schedule.dispatches(0, 27)) == [(0, 10), *((step, 1) for step in range(10, 27))]
    later = Schedule("train", 27, (Periodic("log", 20, 20),), chunk=10)
    assert list(later.dispatches(0, 27)) == [(0, 10), (10, 10), *((step, 1) for step in range(20, 27))]


@given(schedules(), st.data())
def test_dispatches_cover_every_step_once_and_never_cross_an_act_or_a_stop(schedule: Schedule, data: st.DataObject) -> None:
    dispatches = list(schedule.dispatches(0, schedule.steps))
    starts = [first for first, _ in dispatches]
    assert [step for first, count in dispatches for step in range(first, first + count)] == list(range(schedule.steps))
    for first, count in dispatches:
        assert not any(schedule.due(step) for step in range(first + 1, first + count))
    step = 0
    while step < schedule.steps:  # every stop is where a dispatch begins
        step = schedule.next_stop(step)
        assert step in starts or step == schedule.steps
    wanted = data.draw(st.integers(0, 70))
    boundary = schedule.boundary(wanted)
    assert boundary == min([start for start in [*starts, schedule.steps] if start >= wanted], default=schedule.steps)
    assert list(schedule.dispatches(boundary, schedule.steps)) == dispatches[len(dispatches) - sum(s >= boundary for s in starts) :]


@given(schedules())
def test_stops_are_exactly_the_steps_with_an_act_where_runs_are_short(schedule: Schedule) -> None:
    stops, step = [], 0
    while step < schedule.steps:
        step = schedule.next_stop(step)
        stops.append(step)
    assert [stop for stop in stops if stop != schedule.steps] == [s for s in range(1, schedule.steps) if schedule.due(s)]


def test_long_runs_are_cut_so_that_sums_stay_short() -> None:
    assert Schedule("train", 10_000).next_stop(0) == 1024
    assert Schedule("train", 10_000, chunk=10).next_stop(1000) == 1020
    assert Schedule("train", 10_000, chunk=10).next_stop(1020) == 2040
