"""What a connection moves, counted block by block, and which connections there are."""

from __future__ import annotations

from itertools import product

import pytest

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, blocks, by_feature
from singalang_compiler.partition.problem import Group
from singalang_compiler.partition.traffic import Move, Reader, busiest_elements, move_s, moves, value_bytes

FIRST, SECOND = by_feature(1), by_feature(2)
WAYS = (BATCH, FIRST, SECOND, WHOLE)


def group(rows: tuple[int, ...], stages: int = 1, micro_batches: int = 1) -> Group:
    """A group whose links take a second for a byte, 0.5 s before it and 0.25 s for a kernel more."""
    return Group(
        rows=rows,
        stages=stages,
        micro_batches=micro_batches,
        element_bytes=1,
        link_bytes_s=1.0,
        link_latency_s=0.5,
        dispatch_s=0.25,
    )


def moved(extent: Extent, source: Distribution, target: Distribution, apart: bool) -> int:
    """Elements that the busiest worker sends or gets, from the blocks."""
    gets, gives = [0] * extent.workers, [0] * extent.workers
    for block in blocks(extent, source, target):
        if apart or block.source != block.target:
            gets[block.target] += block.size
            gives[block.source] += block.size
    return max(*gets, *gives)


@pytest.mark.parametrize("rows", [(4, 4), (3, 5), (2, 2, 2), (1, 5, 2, 4)])
@pytest.mark.parametrize("apart", [False, True])
def test_the_busiest_worker_moves_what_its_blocks_hold(rows: tuple[int, ...], apart: bool) -> None:
    extent = Extent(rows=rows, record=(12, 12))
    for source, target in product((*WAYS, PARTIAL), WAYS):
        move = Move(source, target, apart, returns=False)
        assert busiest_elements(group(rows), 144, move) == moved(extent, source, target, apart), (source, target)


def test_a_connection_takes_its_latency_and_a_kernel_more_and_its_bytes_both_ways_in_every_micro_batch() -> None:
    gather = Move(FIRST, WHOLE, apart=False, returns=False)
    assert busiest_elements(group((2, 2)), 6, gather) == 12
    assert move_s(group((2, 2)), 6, gather) == 0.5 + 0.25 + 12
    assert move_s(group((2, 2)), 6, gather._replace(returns=True)) == 2 * (0.5 + 0.25 + 12)
    assert move_s(group((2, 2), micro_batches=3), 6, gather) == 3 * (0.5 + 0.25 + 12)


def test_between_stages_which_work_at_the_same_time_no_kernel_more_is_needed() -> None:
    send = Move(BATCH, BATCH, apart=True, returns=False)
    filled = (4 + 2 - 1) / (4 * 2)
    assert move_s(group((2, 2), stages=2, micro_batches=4), 6, send) == 4 * (0.5 + 12) * filled


def test_what_is_read_as_it_lies_and_what_is_whole_does_not_move() -> None:
    for way in WAYS:
        assert moves(way, 0, (Reader(0, way, True),)) == ()
        assert moves(WHOLE, 0, (Reader(0, way, True),)) == ()


def test_a_value_moves_once_for_each_way_and_stage_in_which_it_is_read() -> None:
    readers = (Reader(0, FIRST, False), Reader(0, FIRST, True), Reader(0, SECOND, False), Reader(1, BATCH, True))
    assert moves(BATCH, 0, readers) == (
        (0, Move(BATCH, FIRST, apart=False, returns=True)),
        (0, Move(BATCH, SECOND, apart=False, returns=False)),
        (1, Move(BATCH, BATCH, apart=True, returns=True)),
    )


def test_where_one_reader_wants_all_the_others_take_their_parts_of_that() -> None:
    readers = (Reader(0, FIRST, True), Reader(0, WHOLE, False), Reader(1, BATCH, False), Reader(1, WHOLE, False))
    assert moves(BATCH, 0, readers) == (
        (0, Move(BATCH, WHOLE, apart=False, returns=True)),
        (1, Move(BATCH, WHOLE, apart=True, returns=False)),
    )


def test_what_is_brought_is_held_where_it_is_read_for_all_micro_batches_under_way() -> None:
    readers = (Reader(0, FIRST, True), Reader(1, WHOLE, False))
    assert value_bytes(group((2, 2), stages=2, micro_batches=4), 6, BATCH, 0, readers) == {0: 2 * 2 * 12, 1: 24}
