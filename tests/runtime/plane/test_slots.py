"""Rings have so many slots that no step waits for room for ever, however its roles are interleaved."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.plan_group import GroupRecord, ReceiveStep, SendStep
from singalang_grammar.diagnostics import CompilerBug
from singalang_runtime.plane.layout import BLOCK_SLOTS, LanesLayout
from singalang_runtime.protocol.exchanges import Await, Give
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message
from tests.runtime.plane.groups import placed, programs, receives, sends, smalls, with_programs
from tests.runtime.protocol.small import Small

F32 = np.dtype("float32")
STEPS = 3
PIPELINE = Small(workers=2, stages=2, micro_batches=4)


def stuck(group: GroupRecord, slots: dict[Message, int], layout: LanesLayout, draw: Random) -> list[str]:
    """Roles that never come to the end of some steps, in an order drawn at random. What an act gives or takes, it does at once."""
    lying = Counter[Message]()
    left = {
        role: [(isinstance(act, Give), [layout.key(one) for one in act.messages]) for act in acts if isinstance(act, Give | Await)]
        * STEPS
        for role, acts in programs(GroupView(group), "train").items()
    }

    def can(gives: bool, lanes: list[Message]) -> bool:
        return all(lying[lane] < slots[lane] if gives else lying[lane] > 0 for lane in lanes)

    while able := [role for role, moves in left.items() if moves and can(*moves[0])]:
        gives, lanes = left[draw.choice(able)].pop(0)
        for lane in lanes:
            lying[lane] += 1 if gives else -1
    return [role for role, moves in left.items() if moves]


def slots_of(layout: LanesLayout) -> dict[Message, int]:
    return {key: way.ring.slots for key, way in layout.ways.items() if isinstance(key, Message)}


@given(small=smalls(), apart=st.booleans(), draw=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_steps_end_in_every_order(small: Small, apart: bool, draw: Random) -> None:
    group = placed(small, apart)
    layout = LanesLayout(GroupView(group), F32)
    assert not stuck(group, slots_of(layout), layout, draw)


def crossed(micro_batches: int) -> GroupRecord:
    """The first stage gives one connection's micro-batches before the other's; the next stage takes them the other way round."""
    [first] = [one for one in placed(PIPELINE, apart=False).connections if (one.name, one.phase) == ("send0", "train")]
    second = msgspec.structs.replace(first, name="other", returns=False)
    micros = range(micro_batches)
    group = with_programs(
        placed(PIPELINE, apart=False),
        (*sends(*micros), *(SendStep(connection="other", micro=micro) for micro in micros)),
        (*(ReceiveStep(connection="other", micro=micro) for micro in micros), *receives(*micros)),
    )
    return msgspec.structs.replace(group, connections=(*group.connections, second))


@pytest.mark.parametrize("micro_batches", [2, 3, 5])
def test_a_lane_on_which_more_must_wait_has_more_slots(micro_batches: int) -> None:
    group = crossed(micro_batches)
    layout = LanesLayout(GroupView(group), F32)
    slots = {key.name: count for key, count in slots_of(layout).items() if (key.what, key.phase) == ("block", "train")}
    assert slots == {"send0": max(BLOCK_SLOTS, micro_batches), "other": BLOCK_SLOTS}
    assert not stuck(group, slots_of(layout), layout, Random(1))


def test_with_fewer_slots_it_would_wait_for_ever() -> None:
    group = crossed(4)
    layout = LanesLayout(GroupView(group), F32)
    few = slots_of(layout) | {key: BLOCK_SLOTS for key in slots_of(layout) if key.name == "send0"}
    assert stuck(group, few, layout, Random(1)) == ["worker-0", "worker-1"]


def test_programs_that_wait_for_each_other_whatever_the_slots_are_our_mistake() -> None:
    back = SendStep(connection="send0", back=True), ReceiveStep(connection="send0", back=True)
    group = with_programs(placed(PIPELINE, apart=False), (back[1], *sends(0, 1, 2)), (*receives(0, 1, 2), back[0]))
    with pytest.raises(CompilerBug, match="everybody waits"):
        LanesLayout(GroupView(group), F32)
