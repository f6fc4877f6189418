"""Planes of several processes over one block: everything arrives as it was posted, and is counted as the plan counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.plan_group import GroupRecord
from singalang_runtime.plane.bell import new_bell
from singalang_runtime.plane.block import Block
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message
from tests.runtime.group.tiny_group import TinyGroup
from tests.runtime.plane.groups import placed, smalls
from tests.runtime.plane.walk import Walk
from tests.runtime.protocol.small import Small

F32 = np.dtype("float32")


@contextmanager
def walking(group: GroupRecord, seed: int = 1) -> Iterator[Walk]:
    """The planes of a group's processes, each with the block mapped for itself."""
    view = GroupView(group)
    layout = LanesLayout(view, F32)
    block, bells = Block.shared("lanes", layout.size_bytes), [new_bell() for _ in layout.processes]
    blocks = {process: Block.attached(os.dup(block.descriptor)) for process in layout.processes}
    planes = {process: SharedPlane(layout, process, blocks[process], bells, False) for process in layout.processes}
    try:
        yield Walk(view, layout, planes, Random(seed))
    finally:
        for one in (block, *blocks.values()):
            one.close()
        for bell in bells:
            os.close(bell)


@given(small=smalls(), apart=st.booleans(), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_everything_arrives_as_it_was_posted_over_steps_and_evaluations(small: Small, apart: bool, seed: int) -> None:
    with walking(placed(small, apart), seed) as walk:
        walk.run("train", 0, 3)
        walk.run("val", 0, 2)
        walk.run("train", 3, 5)


TINY = {
    "uneven": TinyGroup(rows=(4, 2, 2), servers=3),
    "exact": TinyGroup(rows=(2, 2), exact=True),
    "clipped": TinyGroup(clip_norm=0.5, servers=3, apart=True),
}


@pytest.mark.parametrize("tiny", TINY)
def test_processes_together_move_the_bytes_that_the_plan_says(tiny: str) -> None:
    group = TINY[tiny].plan()[0].sections[0].group
    assert group is not None
    with walking(group) as walk:
        walk.run("train", 0, 3)
        moved = [plane.moved_bytes() for plane in walk.planes.values()]
        assert {link.what: 3 * link.step_bytes for link in group.links} == {
            link.what: sum(one[link.what] for one in moved) for link in group.links
        }


def test_bytes_of_evaluations_are_counted_apart() -> None:
    with walking(placed(Small(gather=True), apart=False)) as walk:
        walk.run("val", 0, 3)
        for plane in walk.planes.values():
            assert not any(plane.moved_bytes().values())
            assert plane.moved_bytes(training=False) == {"connections": 3 * 2 * 3 * 4, "gradients": 0, "values": 0, "norms": 0}


def test_a_lane_is_one_whatever_the_step_and_the_micro_batch() -> None:
    with walking(placed(Small(workers=2, stages=2, micro_batches=2), apart=False)) as walk:
        one, other = (Message("block", "worker-0", "worker-1", step, "send0", "train", micro) for step, micro in ((0, 0), (5, 1)))
        assert walk.planes["worker-0"].lane(one) is walk.planes["worker-0"].lane(other)
        assert walk.planes["worker-0"].lane(one) is not walk.planes["worker-1"].lane(one)


def test_a_plane_knows_who_is_at_the_other_end() -> None:
    with walking(placed(Small(servers=2), apart=False)) as walk:
        plane = walk.planes["worker-0"]
        assert plane.peer(Message("gradient", "worker-0", "server-1", 3)) == "worker-1"
        assert plane.peer(Message("values", "server-1", "worker-0", 3)) == "worker-1"
        assert plane.peer(Message("values", "server-0", "worker-0", 3)) == "worker-0"


def test_layers_state_goes_from_the_first_worker_of_a_stage_to_each_other() -> None:
    with walking(placed(Small(workers=3), apart=True)) as walk:
        planes = walk.planes
        assert planes["worker-0"].state_lane("worker-0") is None
        for number in (1, 2):
            given_ = planes["worker-0"].state_lane(f"worker-{number}")
            got = planes[f"worker-{number}"].state_lane(f"worker-{number}")
            assert given_ is not None and got is not None and given_.room() and not got.arrived()
            given_.post([np.arange(3, dtype="float32") + number])
            assert got.arrived() and not given_.room()
            assert [list(part) for part in got.take()] == [[number, number + 1, number + 2]]
            got.release()
            assert given_.room()
        assert not any(planes["worker-0"].moved_bytes().values())


def test_what_others_give_each_other_is_none_of_a_processs_business() -> None:
    with walking(placed(Small(workers=3), apart=True)) as walk, pytest.raises(AssertionError, match="none of worker-2's"):
        walk.planes["worker-2"].lane(Message("gradient", "worker-0", "server-0", 0))
