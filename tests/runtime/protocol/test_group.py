"""Who gives what to whom, against the blocks and segments themselves."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, blocks, by_feature
from singalang_compiler.plan_group import GroupRecord
from singalang_runtime.protocol.group import GroupView
from tests.runtime.protocol.small import Small
from tests.runtime.protocol.test_orders import SMALL

KINDS = (BATCH, by_feature(1), WHOLE, PARTIAL)


def moving(source: Distribution, target: Distribution, rows: tuple[int, ...], apart: bool) -> GroupRecord:
    """A group of two stages whose one connection moves a value so."""
    group = Small(workers=2 * len(rows), stages=2).group()
    one = msgspec.structs.replace(
        group.connections[0],
        source=source,
        target=target,
        extent=Extent(rows=rows, record=(2 * len(rows), 3)),
        target_stage=1 if apart else 0,
    )
    return msgspec.structs.replace(group, connections=(one,))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("rows", [(2, 2), (3, 1, 2), (4,)])
def test_workers_give_and_get_exactly_what_the_blocks_say(rows: tuple[int, ...], apart: bool) -> None:
    for source, target in product(KINDS, KINDS[:3]):
        group = moving(source, target, rows, apart)
        [one], view = group.connections, GroupView(group)
        across = len(rows) if apart else 0
        pairs = {(block.source, across + block.target) for block in blocks(one.extent, source, target)}
        pairs -= {(worker, worker) for worker in range(len(rows))}
        for here, there in ((pairs, False), ({(taker, giver) for giver, taker in pairs}, True)):
            gets = {(giver, taker) for taker in range(2 * len(rows)) for giver in givers_of(view, taker, one.name, there)}
            assert gets == here
            gives = {(giver, taker) for giver in range(2 * len(rows)) for taker in takers_of(view, giver, one.name, there)}
            assert gives == here


def givers_of(view: GroupView, taker: int, name: str, back: bool) -> tuple[int, ...]:
    """Who gives a worker something, where it is of the stage that takes."""
    one = view.connection("train", name)
    takes = view.stage_of(taker) == (one.source_stage if back else one.target_stage)
    return view.receives_from(taker, "train", name, back) if takes else ()


def takers_of(view: GroupView, giver: int, name: str, back: bool) -> tuple[int, ...]:
    """Who takes something from a worker, where it is of the stage that gives."""
    one = view.connection("train", name)
    gives = view.stage_of(giver) == (one.target_stage if back else one.source_stage)
    return view.sends_to(giver, "train", name, back) if gives else ()


@pytest.mark.parametrize("small", SMALL, ids=str)
def test_a_server_is_somebodys_where_the_slice_holds_something_of_his(small: Small) -> None:
    group = small.group()
    view, stored = GroupView(group), {one.name: one for one in group.stored}
    for server, record in enumerate(group.servers):
        holders = {
            stage * view.width + position
            for segment in group.segments_of(record)
            for stage in stored[segment.parameter].stages
            for position in range(view.width)
            if segment.position in (None, position)
        }
        assert set(view.holders_of(server)) == holders
        assert {worker for worker in range(group.workers) if server in view.servers_of(worker)} == holders
        assert (server in view.active_servers) == bool(holders)


def test_pieces_kept_at_home_belong_to_their_holder_alone() -> None:
    group = Small(workers=2, servers=2, gather=True).group()
    cut = next(one for one in group.stored if one.axis is not None)
    servers = tuple(
        msgspec.structs.replace(one, process=f"worker-{number}", segments=()) for number, one in enumerate(group.servers)
    )
    stored = tuple(msgspec.structs.replace(one, at_home=6) if one == cut else one for one in group.stored)
    view = GroupView(msgspec.structs.replace(group, servers=servers, stored=stored))
    assert [view.holders_of(server) for server in (0, 1)] == [(0,), (1,)]
    assert [view.servers_of(worker) for worker in (0, 1)] == [(0,), (1,)]


def test_shards_are_counted_through_the_workers_of_a_stage() -> None:
    view = GroupView(Small(workers=2, micro_batches=2, shards=4).group())
    assert [view.shard(worker, micro) for worker in (0, 1) for micro in (0, 1)] == [0, 1, 2, 3]


def test_a_thousand_workers_are_seen_one_at_a_time() -> None:
    group = Small(workers=1024, gather=True, servers=4).group()
    view = GroupView(group)
    assert view.receives_from(5, "train", "gather0", False) == tuple(worker for worker in range(1024) if worker != 5)
