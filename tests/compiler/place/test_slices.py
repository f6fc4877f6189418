"""Slices: every element in exactly one, the largest hardly larger than the average, and what is held at home stays there."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from singalang_compiler.place.slices import Crew, Item, Slices, slices_of
from singalang_compiler.plan_group import ServerRecord, SliceSegment, StoredRecord, slice_of


def crew(stages: int = 1, per_stage: int = 4, servers: int = 4, separate: bool = False) -> Crew:
    """Workers and servers as a topology puts them together."""
    return Crew(stages, per_stage, servers, 0 if separate else min(servers, stages * per_stage))


def whole(name: str, size: int, *stages: int) -> Item:
    """A parameter that every worker of these stages holds."""
    return Item(name, size, None, stages or (0,))


def cut(name: str, piece: int, pieces: int, stage: int = 0) -> Item:
    """A parameter of which every worker of a stage holds a piece."""
    return Item(name, piece, pieces, (stage,))


def records(items: list[Item], sliced: Slices, group: Crew) -> tuple[list[ServerRecord], tuple[StoredRecord, ...]]:
    """The records of a plan that say the same."""
    servers = [
        ServerRecord(
            name=f"server-{number}",
            process=f"worker-{number}" if number < group.inside else f"server-{number}",
            segments=segments,
            size=max(sliced.sizes),
        )
        for number, segments in enumerate(sliced.segments)
    ]
    stored = tuple(
        StoredRecord(
            name=item.name,
            shape=(item.size,),
            axis=None if item.pieces is None else 0,
            stages=item.stages,
            reason="not-cut",
            at_home=sliced.at_home.get(item.name, 0),
        )
        for item in items
    )
    return servers, stored


def full(items: list[Item], sliced: Slices, group: Crew) -> list[tuple[SliceSegment, ...]]:
    """The slices piece by piece."""
    servers, stored = records(items, sliced, group)
    return [slice_of(server, stored, group.per_stage) for server in servers]


def holders(item: Item, position: int | None, group: Crew) -> set[int]:
    """The workers that hold a parameter, or a piece of it."""
    positions = range(group.per_stage) if position is None else (position,)
    return {stage * group.per_stage + place for stage in item.stages for place in positions}


def moved(items: list[Item], slices: list[tuple[SliceSegment, ...]], group: Crew) -> int:
    """Elements that go from workers to servers in other processes."""
    by_name = {item.name: item for item in items}
    total = 0
    for server, segments in enumerate(slices):
        for one in segments:
            holding = holders(by_name[one.parameter], one.position, group)
            total += one.size * (len(holding) - (server < group.inside and server in holding))
    return total


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Item], Crew]:
    """Any parameters, of which any are cut or used in some stages only, and any number of workers and servers."""
    stages, per_stage = draw(st.sampled_from([(1, 1), (1, 2), (1, 5), (2, 1), (4, 1), (2, 2), (3, 4), (2, 8)]))
    group = crew(stages, per_stage, draw(st.integers(1, 64)), draw(st.booleans()))
    sizes = st.integers(1, 40) | st.integers(1, 5000)
    items = []
    for number in range(draw(st.integers(0, 12))):
        if draw(st.booleans()):
            items.append(cut(f"p{number}", draw(sizes), per_stage, draw(st.integers(0, stages - 1))))
        else:
            used = draw(st.sets(st.integers(0, stages - 1), min_size=1))
            items.append(whole(f"p{number}", draw(sizes), *sorted(used)))
    return items, group


@settings(deadline=None)
@given(groups())
@example(([whole("a", 63)], crew(servers=64)))
@example(([cut("a", 1000, 4), whole("b", 3)], crew(servers=3)))
@example(([cut("a", 1000, 2), cut("b", 10, 2, 1)], crew(stages=2, per_stage=2)))
def test_every_element_of_every_parameter_is_in_exactly_one_slice(given_: tuple[list[Item], Crew]) -> None:
    items, group = given_
    seen = {item.name: [bytearray(item.piece) for _ in range(item.pieces or 1)] for item in items}
    for segments in full(items, slices_of(items, group), group):
        for one in segments:
            assert (one.position is None) == (next(item for item in items if item.name == one.parameter).pieces is None)
            part = seen[one.parameter][one.position or 0]
            assert one.size > 0 and one.offset + one.size <= len(part)
            for place in range(one.offset, one.offset + one.size):
                part[place] += 1
    assert all(set(part) <= {1} for parts in seen.values() for part in parts)


@settings(deadline=None)
@given(groups())
def test_the_largest_slice_is_a_tenth_above_the_average_at_most(given_: tuple[list[Item], Crew]) -> None:
    items, group = given_
    sliced = slices_of(items, group)
    total = sum(item.size for item in items)
    assert [sum(one.size for one in segments) for segments in full(items, sliced, group)] == list(sliced.sizes)
    assert max(sliced.sizes) <= max(-(-total // group.servers), 1.1 * total / group.servers)


@settings(deadline=None)
@given(groups())
def test_records_grow_with_parameters_and_workers_not_with_their_product(given_: tuple[list[Item], Crew]) -> None:
    items, group = given_
    told = sum(len(segments) for segments in slices_of(items, group).segments)
    assert told <= 3 * len(items) + 2 * group.servers + group.stages * (group.per_stage + 1)


@settings(deadline=None)
@given(groups())
def test_segments_of_one_parameter_stand_together_in_the_order_of_parameters(given_: tuple[list[Item], Crew]) -> None:
    items, group = given_
    order = {item.name: place for place, item in enumerate(items)}
    for segments in full(items, slices_of(items, group), group):
        places = [(order[one.parameter], one.position or 0, one.offset) for one in segments]
        assert all(first < second for first, second in pairwise(places))


@settings(deadline=None)
@given(groups())
def test_living_with_workers_moves_no_more_than_living_apart(given_: tuple[list[Item], Crew]) -> None:
    items, group = given_
    apart = group._replace(inside=0)
    inside = moved(items, full(items, slices_of(items, group), group), group)
    assert inside <= moved(items, full(items, slices_of(items, apart), apart), apart)


def test_pieces_stay_with_the_worker_that_holds_them() -> None:
    items, group = [cut("a", 70, 4), cut("b", 3, 4)], crew()
    sliced = slices_of(items, group)
    assert moved(items, full(items, sliced, group), group) == 0
    assert (sliced.at_home, sliced.segments, sliced.reason) == ({"a": 70, "b": 3}, ((),) * 4, "where-it-is-held")


def test_stages_keep_their_parameters_while_slices_stay_balanced() -> None:
    items, group = [whole("a", 500, 0), whole("b", 520, 1)], crew(stages=2, per_stage=1, servers=2)
    assert slices_of(items, group).segments == ((segment("a", 0, 500),), (segment("b", 0, 520),))
    items = [whole("a", 100, 0), whole("b", 900, 1)]
    sliced = slices_of(items, group)
    assert sliced.sizes == (450, 550) and sliced.reason == "where-it-is-held"
    assert sliced.segments == ((segment("a", 0, 100), segment("b", 550, 350)), (segment("b", 0, 550),))


def test_servers_of_a_stage_hold_its_parameters_where_all_its_workers_do() -> None:
    items, group = [whole("late", 400, 1), whole("early", 400, 0)], crew(stages=2, per_stage=2)
    told = [{one.parameter for one in segments} for segments in full(items, slices_of(items, group), group)]
    assert told == [{"early"}, {"early"}, {"late"}, {"late"}]


def test_what_several_workers_hold_makes_no_slice_larger_than_the_average() -> None:
    tied, own = whole("tied", 900, 0, 1), whole("own", 900, 0)
    assert slices_of([tied], crew(stages=3, per_stage=1, servers=3)).sizes == (300, 300, 300)
    assert slices_of([own], crew(stages=3, per_stage=1, servers=3)).sizes == (330, 300, 270)


def test_what_does_not_fit_at_home_by_a_tenth_goes_elsewhere() -> None:
    items, group = [cut("a", 900, 2), cut("b", 100, 2, 1)], crew(stages=2, per_stage=2)
    sliced = slices_of(items, group)
    assert sliced.at_home == {"a": 550, "b": 100} and max(sliced.sizes) == 550 and sum(sliced.sizes) == 2000
    assert all(one.parameter == "a" for segments in sliced.segments[2:] for one in segments)


def test_a_parameter_that_overflows_a_box_a_little_stays_whole() -> None:
    sliced = slices_of([whole("a", 105), whole("b", 95)], crew(servers=2))
    assert sliced.segments == ((segment("a", 0, 105),), (segment("b", 0, 95),))
    assert sliced.reason == "balanced"


def test_a_box_with_hardly_any_room_left_cuts_nothing() -> None:
    sliced = slices_of([whole("a", 95), whole("b", 105)], crew(servers=2))
    assert sliced.segments == ((segment("a", 0, 95),), (segment("b", 0, 105),))


def test_a_large_parameter_is_cut() -> None:
    sliced = slices_of([whole("a", 10), whole("b", 290)], crew(servers=3))
    assert sliced.sizes == (100, 100, 100)
    assert sliced.segments[0] == (segment("a", 0, 10), segment("b", 0, 90))


def test_one_server_has_everything_in_order() -> None:
    items = [whole("a", 4), cut("b", 5, 4), whole("c", 1)]
    sliced = slices_of(items, crew(servers=1))
    pieces = SliceSegment(parameter="b", position=0, offset=0, size=20)
    assert sliced.segments == ((segment("a", 0, 4), pieces, segment("c", 0, 1)),)
    assert (sliced.sizes, sliced.reason) == ((25,), "only-server")
    assert [one.position for one in full(items, sliced, crew(servers=1))[0]] == [None, 0, 1, 2, 3, None]


def test_where_nothing_learns_slices_are_empty() -> None:
    sliced = slices_of([], crew())
    assert (sliced.segments, sliced.sizes) == (((),) * 4, (0,) * 4)


@pytest.mark.parametrize("separate", [False, True])
def test_a_thousand_layers_on_a_thousand_workers_make_few_records(separate: bool) -> None:
    items = [cut(f"p{number}", 1024, 1024) for number in range(1000)]
    sliced = slices_of(items, crew(per_stage=1024, servers=1000 if separate else 1024, separate=separate))
    assert sum(map(len, sliced.segments)) <= 2000
    assert sum(sliced.sizes) == sum(prod((item.piece, item.pieces or 1)) for item in items)


def segment(name: str, offset: int, size: int) -> SliceSegment:
    """A segment of a parameter that is not cut."""
    return SliceSegment(parameter=name, offset=offset, size=size)
