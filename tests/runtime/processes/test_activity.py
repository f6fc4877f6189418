"""What a process does is told when it changes, and at the end of steps, though not at that of each short one."""

from __future__ import annotations

from itertools import pairwise

from singalang_runtime.processes.activity import Activity
from singalang_runtime.processes.flat import COMPUTE, MOVING

Told = list[tuple[object, ...]]


class Notebook:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: Told = []

    def say(self, *fields: object) -> None:
        """One line."""
        self.told.append(fields)


def test_what_begins_is_told_at_once() -> None:
    notebook = Notebook()
    activity = Activity(notebook)
    activity.begin("compiling")
    activity.begin("training", 7)
    assert [fields[:2] for fields in notebook.told] == [("compiling", 0), ("training", 7)]
    assert notebook.told[0][2] <= notebook.told[1][2] == activity.since_s  # type: ignore[operator]


def test_steps_are_told_with_their_median_and_where_time_went() -> None:
    notebook = Notebook()
    activity = Activity(notebook)
    activity.begin("training", 3)
    begun = activity.since_s
    activity.seconds[COMPUTE], activity.seconds[MOVING], activity.waiting_s = 4.0, 2.0, 1.0
    for step, now_s in ((4, begun + 1), (5, begun + 2), (6, begun + 4), (7, begun + 9)):
        activity.stepped(step, now_s)
    assert notebook.told[-1] == (
        "training",
        7,
        begun + 9,
        2.0,
        4.0,
        1.0,
        2.0,
    )  # lasted 1, 2 and 5; when the first began is not known


def test_short_steps_are_not_told_one_by_one() -> None:
    notebook = Notebook()
    activity = Activity(notebook)
    activity.begin("training", 0)
    begun = activity.since_s
    for step in range(1, 101):
        activity.stepped(step, begun + step * 0.0001)
    times = [float(fields[2]) for fields in notebook.told]  # type: ignore[arg-type]
    assert all(0.00099 < after - before < 0.0012 for before, after in pairwise(times))
    assert activity.step == 100 and notebook.told[-1][1] in range(90, 101)
