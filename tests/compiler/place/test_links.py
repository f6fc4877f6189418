"""Bytes of a step: formulas over all workers equal what is counted block by block and segment by segment."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, blocks, by_feature
from singalang_compiler.partition.cut_net import Connection
from singalang_compiler.place.links import connection_bytes, links_of, moved_elements
from singalang_compiler.place.programs import step_program
from singalang_compiler.place.rings import slots_of
from singalang_compiler.place.slices import Crew, Item, slices_of
from singalang_compiler.plan_group import LinkRecord
from tests.compiler.place.cut_nets import cut_net, random_pieces
from tests.compiler.place.playing import Game
from tests.compiler.place.test_slices import full, groups, moved, records

DISTRIBUTIONS = (BATCH, by_feature(1), by_feature(2), WHOLE, PARTIAL)


def connection(extent: Extent, source: Distribution, target: Distribution, apart: bool, returns: bool = False) -> Connection:
    """A connection within a stage, or between two."""
    return Connection(
        name="c",
        kind="send",
        value="v",
        source=source,
        target=target,
        source_stage=0,
        target_stage=int(apart),
        extent=extent,
        returns=returns,
    )


@settings(deadline=None)
@given(
    rows=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    widths=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    source=st.sampled_from(DISTRIBUTIONS),
    target=st.sampled_from(DISTRIBUTIONS[:-1]),
    apart=st.booleans(),
)
def test_what_moves_is_what_the_blocks_between_different_workers_hold(
    rows: list[int], widths: tuple[int, int], source: Distribution, target: Distribution, apart: bool
) -> None:
    extent = Extent(rows=tuple(rows), record=(widths[0] * len(rows), widths[1] * len(rows)))
    moving = [block for block in blocks(extent, source, target) if apart or block.source != block.target]
    assert moved_elements(connection(extent, source, target, apart)) == sum(block.size for block in moving)
    assert sum(block.size for block in moving) == sum(block.transposed.size for block in moving)


def test_a_gradient_takes_the_same_bytes_back_and_labels_have_four() -> None:
    extent = Extent(rows=(2, 2), record=(4,))
    there = connection(extent, BATCH, WHOLE, apart=False)
    back = replace(there, returns=True)
    assert connection_bytes(there, 1, 4) == 16 * 4
    assert connection_bytes(back, 3, 8) == 16 * 8 * 3 * 2
    assert connection_bytes(replace(there, dtype="i32"), 1, 8) == 16 * 4


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
def test_connections_are_predicted_as_programs_move_them(seed: int, stages: int, per_stage: int, micro_batches: int) -> None:
    net = cut_net(random_pieces(Random(seed), stages), per_stage=per_stage, micro_batches=micro_batches)
    found = [step_program(net, stage, False) for stage in range(stages)]
    game = Game(net, found, [slots_of(net, stage, program) for stage, program in enumerate(found)])
    game.play(Random(seed))
    assert {one.name: connection_bytes(one, micro_batches, 8) for one in net.connections} == {
        one.name: 8 * game.moved[one.name] for one in net.connections
    }
    total = links_of(net, (), {}, clips_norm=False, element_bytes=8)[0]
    assert total == LinkRecord(what="connections", step_bytes=8 * sum(game.moved.values()))


@settings(deadline=None)
@given(groups(), st.booleans(), st.sampled_from([4, 8]), st.integers(1, 3), st.booleans())
def test_gradients_and_values_are_those_of_every_holder_elsewhere(
    given_: tuple[list[Item], Crew], clips_norm: bool, element_bytes: int, micro_batches: int, exact: bool
) -> None:
    items, group = given_
    sliced = slices_of(items, group)
    servers, stored = records(items, sliced, group)
    net = replace(
        cut_net(random_pieces(Random(0), group.stages), per_stage=group.per_stage, micro_batches=micro_batches, shards=int(exact)),
        connections=(),
    )
    by_name = {one.name: one for one in stored}
    links = links_of(net, servers, by_name, clips_norm=clips_norm, element_bytes=element_bytes)
    once = element_bytes * moved(items, full(items, sliced, group), group)
    assert {one.what: one.step_bytes for one in links} == {
        "connections": 0,
        "gradients": once * (micro_batches if exact else 1),
        "values": once,
        "norms": element_bytes * group.servers * (group.servers - 1) if clips_norm else 0,
    }
