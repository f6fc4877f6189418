"""The watch finds the process that is guilty, within its bound, and never one that is innocent, whatever the clock does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_runtime.processes.status import DOINGS
from singalang_runtime.protocol.watch import (
    COMPILE_BOUND_S,
    STEP_BOUND_S,
    STEP_MEDIANS,
    STOPPED_BEATS,
    Gone,
    Looked,
    Lost,
    Seen,
    Watch,
)

LONG = ("starting", "compiling", "opening", "initialising", "saving")
STEPPING = ("training", "evaluating")


def bound_s(doing: str, median_s: float) -> float:
    """What design says of every phase, written a second time."""
    if doing in LONG:
        return COMPILE_BOUND_S
    return max(STEP_BOUND_S, STEP_MEDIANS * median_s) if doing in STEPPING else float("inf")


@dataclass
class Life:
    """What one process does in time: beats, phases as (begin, doing, median). From `stop_s` on it gives no sign of life, from
    `stick_s` on it does what it does for ever."""

    name: str
    beats: list[float]
    phases: list[tuple[float, str, float]]
    stop_s: float = float("inf")
    stick_s: float = float("inf")

    def seen(self, now_s: float) -> Seen:
        told_s = min(now_s, self.stop_s)
        beat = bisect_right(self.beats, told_s) - 1
        place = max(0, bisect_right([begin for begin, _, _ in self.phases], min(told_s, self.stick_s)) - 1)
        begin, doing, median_s = self.phases[place]
        return Seen(self.name, self.beats[beat] if beat >= 0 else told_s, doing, place, begin, median_s)


@dataclass
class Story:
    """A group's life: what each process does, and when the watcher looks."""

    heartbeat_s: float
    lives: list[Life]
    looks: list[float]

    def watch(self) -> Iterator[tuple[float, Lost]]:
        watch = Watch(self.heartbeat_s, tuple(life.name for life in self.lives))
        for now_s in self.looks:
            for lost in watch.handle(Looked(now_s, tuple(life.seen(now_s) for life in self.lives))):
                yield now_s, lost


@st.composite
def stories(draw: st.DrawFn, gaps: bool = True) -> Story:
    """Healthy groups: all beat at least once a period, and nobody does anything for longer than its bound, but for the gaps, in
    which the watcher sees nothing and the others may stand still too."""
    heartbeat_s = draw(st.sampled_from([0.25, 1.0, 7.0]))
    random = Random(draw(st.integers(0, 10**9)))
    begin_s = draw(st.sampled_from([0.001, 1000.0]))
    pieces = draw(st.lists(st.tuples(st.integers(1, 60), st.integers(2, 2000), st.booleans()), min_size=1, max_size=4))
    looks, asleep = [begin_s], []
    for count, gap, sleeping in pieces:
        looks += accumulate((random.uniform(0.05, 0.25) * heartbeat_s for _ in range(count)), initial=looks[-1])
        if gaps:
            after_s = looks[-1] + gap * heartbeat_s
            asleep += [(looks[-1], after_s)] if sleeping else []
            looks.append(after_s)
    looks += accumulate((0.25 * heartbeat_s for _ in range(draw(st.integers(0, 60)))), initial=looks[-1])
    lives = [_life(f"p{number}", random, heartbeat_s, looks, asleep) for number in range(draw(st.integers(1, 4)))]
    return Story(heartbeat_s, lives, looks)


def _life(name: str, random: Random, heartbeat_s: float, looks: list[float], asleep: list[tuple[float, float]]) -> Life:
    """All times first without the sleeps, which are then put between."""
    end_s = looks[-1] + 1.0
    beats = [looks[0] + random.uniform(0.0, min(20.0, end_s - looks[0]))]
    while beats[-1] < end_s:
        beats.append(beats[-1] + random.uniform(0.1, 1.0) * heartbeat_s)
    phases = [(looks[0] - random.uniform(0.0, 100.0), "starting", 0.0)]
    while phases[-1][0] < end_s:
        begin, doing, median_s = phases[-1]
        longest_s = 0.9 * min(bound_s(doing, median_s), 50 * heartbeat_s + 1000.0)
        phases.append((begin + random.uniform(0.0, longest_s), random.choice(DOINGS), random.choice([0.0, 0.01, 5.0])))
    return Life(
        name, [_put(beat, asleep) for beat in beats], [(_put(begin, asleep), doing, median_s) for begin, doing, median_s in phases]
    )


def _put(time_s: float, asleep: list[tuple[float, float]]) -> float:
    for begin, end in asleep:
        time_s += end - begin if time_s > begin else 0.0
    return time_s


def _others_wait(story: Story, guilty: Life, from_s: float) -> None:
    """What innocent processes do when one is lost: after some time they wait for it."""
    for number, life in enumerate(story.lives):
        if life is not guilty:
            life.phases = [phase for phase in life.phases if phase[0] < from_s] + [(from_s + 0.01 * number, "waiting", 0.01)]


@settings(deadline=None)
@given(stories())
def test_who_is_healthy_is_never_blamed_whatever_the_clock_does(story: Story) -> None:
    assert not list(story.watch())


@settings(deadline=None)
@given(stories(), st.data())
def test_a_stopped_process_is_found_within_four_periods_of_its_last_sign_of_life(story: Story, data: st.DataObject) -> None:
    guilty = data.draw(st.sampled_from(story.lives))
    known = [beat for beat in guilty.beats if story.looks[0] <= beat <= story.looks[-1]]
    if not known:
        return
    guilty.stop_s = data.draw(st.sampled_from(known)) + 0.01 * story.heartbeat_s
    _others_wait(story, guilty, guilty.stop_s)
    last_s = guilty.seen(float("inf")).beat_s
    # the watcher is told the time after the last beat: from there, or from the last gap that a loss could not be found before
    story.looks += [story.looks[-1] + 0.25 * story.heartbeat_s * count for count in range(1, 40)]
    [(found_s, lost)] = story.watch()
    assert (lost.process, lost.cause) == (guilty.name, "stopped")
    gaps = [after for before, after in pairwise(story.looks) if after - before > story.heartbeat_s and last_s < after < found_s]
    assert found_s - max([last_s, *gaps]) <= (STOPPED_BEATS + 1) * story.heartbeat_s * (1 + 1e-9)
    assert lost.seconds == pytest.approx(found_s - last_s)
    assert lost.doing == guilty.seen(guilty.stop_s).doing and lost.step == guilty.seen(guilty.stop_s).step


@settings(deadline=None)
@given(stories(gaps=False), st.data())
def test_a_stuck_process_is_found_within_two_periods_of_its_bound(story: Story, data: st.DataObject) -> None:
    guilty = data.draw(st.sampled_from(story.lives))
    at_s = data.draw(st.sampled_from([begin for begin, _, _ in guilty.phases if begin < story.looks[-1]]))
    guilty.stick_s = at_s
    stuck = guilty.seen(at_s)
    limit_s = bound_s(stuck.doing, stuck.median_step_s)
    if limit_s == float("inf"):
        return
    _others_wait(story, guilty, at_s)
    since_s = max(stuck.since_s, story.looks[0])
    while story.looks[-1] < since_s + limit_s + 2 * story.heartbeat_s:
        story.looks.append(story.looks[-1] + 0.25 * story.heartbeat_s)
    for life in story.lives:
        last_s = life.beats[-1]
        life.beats += [last_s + count * story.heartbeat_s for count in range(int((limit_s + 50) / story.heartbeat_s) + 80)]
    [(found_s, lost)] = story.watch()
    assert (lost.process, lost.cause, lost.doing, lost.step) == (guilty.name, "stuck", stuck.doing, stuck.step)
    assert limit_s < found_s - since_s <= limit_s + 1.3 * story.heartbeat_s


@settings(deadline=None)
@given(stories(), st.data())
def test_a_dead_process_is_told_at_once_and_only_the_first_of_them(story: Story, data: st.DataObject) -> None:
    watch = Watch(story.heartbeat_s, tuple(life.name for life in story.lives))
    seen = [Looked(now_s, tuple(life.seen(now_s) for life in story.lives)) for now_s in story.looks]
    until = data.draw(st.integers(0, len(seen)))
    for looked in seen[:until]:
        assert watch.handle(looked) == []
    guilty = data.draw(st.sampled_from(story.lives))
    [lost] = watch.handle(Gone(guilty.name, -9))
    assert (lost.process, lost.cause, lost.code) == (guilty.name, "dead", -9)
    if until:
        last = guilty.seen(seen[until - 1].now_s)
        assert (lost.doing, lost.step) == (last.doing, last.step)
    for life in story.lives:
        assert watch.handle(Gone(life.name, -9)) == []
    assert watch.handle(Looked(1e9, seen[-1].seen)) == watch.handle(Looked(1e9 + 0.1, seen[-1].seen)) == []


def test_of_two_that_stopped_the_one_that_is_silent_longer_is_named() -> None:
    watch = Watch(1.0, ("a", "b"))
    for now in range(1, 80):
        now_s = now / 4
        found = watch.handle(Looked(now_s, (_training("a", min(now_s, 5.0)), _training("b", min(now_s, 4.75)))))
        if found:
            break
    assert [(lost.process, lost.cause, lost.seconds) for lost in found] == [("b", "stopped", 3.25)]


def test_a_process_that_runs_and_never_gives_a_sign_of_life_is_stuck_in_its_start() -> None:
    watch = Watch(0.5, ("a",))
    looks = [Looked(10.0 + count / 8, (_starting(10.0 + count / 8),)) for count in range(8000)]
    found = [(look.now_s, lost) for look in looks for lost in watch.handle(look)]
    assert found == [(10.0 + COMPILE_BOUND_S + 0.125, Lost("a", "stuck", "starting", 0, COMPILE_BOUND_S + 0.125))]


def test_a_process_that_never_ran_since_it_is_watched_is_stopped() -> None:
    watch = Watch(0.5, ("a",))
    looks = [Looked(10.0 + count / 8, (_starting(0.0),)) for count in range(100)]
    found = [(look.now_s, lost) for look in looks for lost in watch.handle(look)]
    assert found == [(11.625, Lost("a", "stopped", "starting", 0, 1.625))]


def test_a_process_that_stops_before_its_first_sign_of_life_is_found_like_any_other() -> None:
    watch = Watch(0.5, ("a",))
    looks = [Looked(10.0 + count / 8, (_starting(10.0 + count / 8 if count <= 4 else 0.0),)) for count in range(100)]
    found = [(look.now_s, lost) for look in looks for lost in watch.handle(look)]
    assert found == [(12.125, Lost("a", "stopped", "starting", 0, 1.625))]


def test_processes_that_all_wait_for_one_another_are_found_at_last() -> None:
    watch = Watch(1.0, ("a", "b"))
    found: list[Lost] = []
    for now in range(4, 4 * 700):
        now_s = now / 4
        found += watch.handle(Looked(now_s, (_waiting("a", now_s, 3.0), _waiting("b", now_s, 2.0))))
    assert [(lost.process, lost.cause, lost.doing) for lost in found] == [("b", "stuck", "waiting")]


def test_who_waits_for_one_that_stands_is_never_stuck() -> None:
    watch = Watch(1.0, ("a", "b"))
    for now in range(4, 4 * 2000):
        standing = Seen("b", now / 4, "standing", 7, 1.0, 0.1)
        assert watch.handle(Looked(now / 4, (_waiting("a", now / 4, 1.0), standing))) == []


def _starting(beat_s: float) -> Seen:
    return Seen("a", beat_s, "starting", 0, 0.0, 0.0)


def _training(name: str, beat_s: float) -> Seen:
    return Seen(name, beat_s, "training", 3, beat_s, 0.1)


def _waiting(name: str, beat_s: float, since_s: float) -> Seen:
    return Seen(name, beat_s, "waiting", 3, since_s, 0.1)
