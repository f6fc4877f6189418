"""Lanes: one for everything that anybody gives anybody, each in a place of its own, and the same for all who look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.geometry import received_elements
from singalang_compiler.plan_group import GroupRecord
from singalang_runtime.plane.block import ALIGNMENT
from singalang_runtime.plane.layout import BLOCK_SLOTS, LanesLayout, StateOf, Way
from singalang_runtime.plane.port import LINKS
from singalang_runtime.protocol.exchanges import Await, Give
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message
from tests.runtime.group.tiny_group import TinyGroup
from tests.runtime.plane.groups import STATE, placed, programs, receives, sends, smalls, with_programs
from tests.runtime.protocol.small import Small

F32 = np.dtype("float32")
PIPELINE = Small(workers=2, stages=2, micro_batches=4)


def layout_of(group: GroupRecord) -> LanesLayout:
    return LanesLayout(GroupView(group), F32)


def messages_of(group: GroupRecord, kind: type[Give] | type[Await]) -> Counter[Message]:
    """Every message that is given, or waited for, in one step and in one batch of every phase."""
    view = GroupView(group)
    return Counter(
        message
        for phase in ("train", "val")
        for acts in programs(view, phase).values()
        for act in acts
        if isinstance(act, kind)
        for message in act.messages
    )


def rings(layout: LanesLayout) -> list[Way]:
    return sorted((way for way in layout.ways.values() if not way.within), key=lambda way: way.ring.offset)


@given(small=smalls(), apart=st.booleans())
@settings(max_examples=60, deadline=None)
def test_there_is_a_lane_for_every_message_and_no_other(small: Small, apart: bool) -> None:
    group = placed(small, apart)
    layout, given_, awaited = layout_of(group), messages_of(group, Give), messages_of(group, Await)
    assert given_ == awaited and set(given_.values()) <= {1}
    assert {layout.way(message).key for message in given_} == {key for key in layout.ways if isinstance(key, Message)}
    for message in given_:
        key = layout.key(message)
        assert (key.sender, key.receiver, key.what, key.phase) == (message.sender, message.receiver, message.what, message.phase)
        processes = group.processes
        assert layout.way(message).within == (processes[message.sender] == processes[message.receiver])


@given(small=smalls(), apart=st.booleans())
@settings(max_examples=60, deadline=None)
def test_lanes_lie_one_behind_another_each_with_room_for_its_slots(small: Small, apart: bool) -> None:
    layout = layout_of(placed(small, apart))
    words = {layout.sleeping(process) for process in layout.processes}
    assert len(words) == len(layout.processes) and len({word * 8 // ALIGNMENT for word in words}) == len(words)
    end = 8 * max(words) + ALIGNMENT
    for way in rings(layout):
        assert way.ring.offset >= end and way.ring.offset % ALIGNMENT == 0
        payload = sum(-(-part.size_bytes // ALIGNMENT) * ALIGNMENT for part in way.ring.parts)
        end = way.ring.offset + 2 * ALIGNMENT + way.ring.slots * payload
    assert end <= layout.size_bytes


@given(small=smalls(), apart=st.booleans())
@settings(max_examples=30, deadline=None)
def test_payloads_are_what_the_messages_stand_for(small: Small, apart: bool) -> None:
    group = placed(small, apart)
    view, layout = GroupView(group), layout_of(group)
    elements: Counter[tuple[str, str, bool, str]] = Counter()
    for message in messages_of(group, Give):
        way = layout.way(message)
        if message.what == "block":
            [part] = way.ring.parts
            elements[message.phase, message.name, message.back, message.receiver] += part.size_bytes // 4
        elif message.what == "values":
            gradient = layout.way(Message("gradient", message.receiver, message.sender, 0, micro=_shard(view, message.receiver)))
            assert way.ring.parts == () and way.stands_for_bytes == gradient.stands_for_bytes > 0
    for (phase, name, back, receiver), count in elements.items():
        one, position = view.connection(phase, name), view.position_of(int(receiver.removeprefix("worker-")))
        if not back:
            apart_ = one.source_stage != one.target_stage
            each = received_elements(one.extent, one.source, one.target, position, apart_)
            assert count == each * (small.micro_batches if phase == "train" else 1)


def _shard(view: GroupView, worker: str) -> int:
    return view.shard(int(worker.removeprefix("worker-")), 0) if view.group.shards else 0


TINY = {
    "two": TinyGroup(),
    "uneven": TinyGroup(rows=(4, 2, 2), servers=3),
    "exact": TinyGroup(rows=(2, 2), exact=True),
    "apart": TinyGroup(rows=(1, 1, 1, 1), apart=True, servers=3),
    "clipped": TinyGroup(clip_norm=0.5, servers=3, apart=True),
}


@pytest.mark.parametrize("tiny", TINY)
def test_a_step_moves_the_bytes_that_the_plan_says(tiny: str) -> None:
    group = TINY[tiny].plan()[0].sections[0].group
    assert group is not None
    view, layout = GroupView(group), layout_of(group)
    moved: Counter[str] = Counter()
    for acts in programs(view, "train").values():
        for message in (message for act in acts if isinstance(act, Give) for message in act.messages):
            way = layout.way(message)
            moved[LINKS[message.what]] += 0 if way.within else way.stands_for_bytes
    assert moved == {link.what: link.step_bytes for link in group.links if link.step_bytes}


@given(small=smalls(), apart=st.booleans())
@settings(max_examples=30, deadline=None)
def test_every_worker_but_the_first_of_its_stage_has_a_lane_for_state(small: Small, apart: bool) -> None:
    group = placed(small, apart)
    layout = layout_of(group)
    for worker in range(group.workers):
        way, first = layout.state_way(f"worker-{worker}"), worker - worker % small.width
        if worker == first:
            assert way is None
        else:
            assert way is not None and way.key == StateOf(f"worker-{first}", f"worker-{worker}")
            assert [part.shape for part in way.ring.parts] == [(STATE,)]


def test_micro_batches_that_are_taken_in_another_order_have_lanes_apart() -> None:
    group = placed(PIPELINE, apart=False)
    same = with_programs(group, (*sends(2, 0, 1),), (*receives(2, 0, 1),))
    other = with_programs(group, (*sends(0, 1, 2),), (*receives(2, 0, 1),))
    assert slots_of_blocks(same) == [BLOCK_SLOTS]
    assert slots_of_blocks(other) == [1, 1, 1]


def slots_of_blocks(group: GroupRecord) -> list[int]:
    """Slots of the lanes of training's connections."""
    ways = layout_of(group).ways.items()
    return [way.ring.slots for key, way in ways if isinstance(key, Message) and (key.what, key.phase) == ("block", "train")]


_DIGEST = """
import sys
import msgspec, numpy as np
from hashlib import sha256
from singalang_compiler.plan_group import GroupRecord
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.protocol.group import GroupView
group = msgspec.json.decode(sys.stdin.buffer.read(), type=GroupRecord)
layout = LanesLayout(GroupView(group), np.dtype("float32"))
assert "jax" not in sys.modules
print(sha256(repr((layout.size_bytes, layout.processes, list(layout.ways.items()))).encode()).hexdigest())
"""


def test_every_process_finds_the_same_lanes_from_the_plan_alone_and_without_jax() -> None:
    group = placed(Small(workers=6, stages=2, micro_batches=5, servers=4, gather=True, clip=True, tied=True), apart=False)
    text = msgspec.json.encode(group)
    found = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            input=text,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(found) == 1
