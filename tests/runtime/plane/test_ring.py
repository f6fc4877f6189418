"""The two ends of a ring do what a queue of bounded length does, without a copy at the receiver's, and each only its own part."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_runtime.plane.bell import Bell
from singalang_runtime.plane.block import ALIGNMENT, Array, Block
from singalang_runtime.plane.port import Parts
from singalang_runtime.plane.ring import Part, ReceivingEnd, Ring, SendingEnd

PARTS = (Part((3, 2), "float64"), Part((), "float32"), Part((5,), "int32"))
FIRST = 2 * ALIGNMENT


def ends(parts: tuple[Part, ...], slots: int, times: int = 0) -> tuple[SendingEnd, ReceivingEnd]:
    """Both ends of a ring that has been used so many times before."""
    ring = Ring(parts, slots, FIRST)
    block = Block.ordinary(FIRST + ring.size_bytes)
    block.words[FIRST // 8] = block.words[(FIRST + ALIGNMENT) // 8] = times
    bell = Bell(-1, block.words, 0)  # nobody sleeps, so it is never rung
    return SendingEnd(block, ring, bell), ReceivingEnd(block, ring, bell)


def payload(number: int) -> list[Array]:
    return [np.full(part.shape, number + place, part.dtype) for place, part in enumerate(PARTS)]


@given(slots=st.integers(1, 4), times=st.integers(0, 9), moves=st.lists(st.sampled_from(("post", "take", "release"))))
@settings(deadline=None)
def test_a_ring_is_a_queue_of_bounded_length(slots: int, times: int, moves: list[str]) -> None:
    sender, receiver = ends(PARTS, slots, times)
    posted, taken, number = deque[int](), deque[tuple[int, Parts]](), 0
    for move in moves:
        assert sender.room() == (len(posted) + len(taken) < slots)
        assert receiver.arrived() == bool(posted)
        if move == "post" and sender.room():
            sender.post(payload(number))
            posted.append(number)
            number += 10
        elif move == "take" and receiver.arrived():
            taken.append((posted.popleft(), receiver.take()))
        elif move == "release" and taken:
            taken.popleft()
            receiver.release()
        for known, parts in taken:
            for got, wanted in zip(parts, payload(known), strict=True):
                assert got.dtype == wanted.dtype and np.array_equal(got, wanted)
    assert sender.posted == times + number // 10


def test_what_is_taken_lies_in_arrays_that_are_made_once() -> None:
    sender, receiver = ends(PARTS, 2)
    seen = []
    for number in range(4):
        sender.post(payload(number))
        seen.append(receiver.take())
        receiver.release()
    assert seen[0] is seen[2] and seen[1] is seen[3]
    assert not np.shares_memory(seen[0][0], seen[1][0])
    for parts in seen:
        assert all(part.ctypes.data % ALIGNMENT == 0 for part in parts)


def test_a_lane_without_payload_copies_nothing_and_only_counts() -> None:
    sender, receiver = ends((), 1)
    assert sender.room() and not receiver.arrived()
    sender.post([np.zeros(3)])
    assert receiver.arrived() and not sender.room()
    assert list(receiver.take()) == []
    receiver.release()
    assert sender.room() and not receiver.arrived()


@pytest.mark.parametrize(
    "wrong",
    [
        [np.zeros((1, 2)), np.zeros((), "float32"), np.zeros(5, "int32")],
        [np.zeros((3, 2), "float32"), np.zeros((), "float32"), np.zeros(5, "int32")],
        [np.zeros((3, 2)), np.zeros((), "float32")],
    ],
    ids=["stretched", "rounded", "missing"],
)
def test_a_payload_of_another_shape_or_type_is_our_mistake(wrong: list[Array]) -> None:
    sender, receiver = ends(PARTS, 1)
    with pytest.raises(AssertionError, match="was given"):
        sender.post(wrong)
    assert not receiver.arrived()


def test_each_end_does_only_its_own_part() -> None:
    sender, receiver = ends(PARTS, 1)
    for wrong in (sender.arrived, sender.take, sender.release, receiver.room, lambda: receiver.post(())):
        with pytest.raises(AssertionError, match="end"):
            wrong()


def test_an_end_made_anew_goes_on_where_the_last_one_was() -> None:
    ring = Ring(PARTS, 3, FIRST)
    block = Block.ordinary(FIRST + ring.size_bytes)
    bell = Bell(-1, block.words, 0)
    sender, receiver = SendingEnd(block, ring, bell), ReceivingEnd(block, ring, bell)
    for number in range(3):
        sender.post(payload(number))
    receiver.take()
    receiver.release()
    sender, receiver = SendingEnd(block, ring, bell), ReceivingEnd(block, ring, bell)
    assert sender.room() and receiver.arrived()
    sender.post(payload(3))
    assert not sender.room()
    for number in (1, 2, 3):
        assert np.array_equal(receiver.take()[0], payload(number)[0])
        receiver.release()
