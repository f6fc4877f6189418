"""The memory of parameters: one block for all who hold the same, and new values written to all of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.plan_group import BufferRecord, GroupRecord
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.group.parameter_blocks import ALIGNMENT_BYTES, ParameterBlocks, size_bytes
from singalang_runtime.group.tensors import tensors_in
from singalang_runtime.protocol.group import GroupView
from tests.runtime.plane.groups import placed, smalls
from tests.runtime.protocol.small import LENGTH, Small

Array = np.ndarray[Any, Any]
F32 = np.dtype("float32")
SMALLEST = Small(workers=2)


def blocks_of(group: GroupRecord, memory: Array | None = None) -> ParameterBlocks:
    if memory is None:
        memory = aligned((size_bytes(group, F32),), np.dtype(np.uint8))
    return ParameterBlocks(GroupView(group), F32, memory)


def address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


@given(small=smalls())
@settings(max_examples=40, deadline=None)
def test_those_who_hold_the_same_share_memory_and_nobody_else_does(small: Small) -> None:
    group = placed(small, apart=False)
    view, blocks = GroupView(group), blocks_of(group)
    cut = {one.name for one in group.stored if one.axis is not None}
    places: dict[tuple[str, str, int | None], tuple[int, int]] = {}
    for worker in range(group.workers):
        role = view.role_of(worker)
        has_pieces = any(one.name in cut for buffer in role.parameters for one in buffer.segments)
        for name, array in blocks.of_worker(worker).items():
            holder = (role.name, name, view.position_of(worker) if has_pieces else None)
            assert places.setdefault(holder, (address(array), array.nbytes)) == (address(array), array.nbytes)
            assert address(array) % ALIGNMENT_BYTES == 0
    assert all(first + size <= start for (first, size), (start, _) in pairwise(sorted(places.values())))


@given(small=smalls(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_servers_values_are_read_by_all_who_hold_them(small: Small, data: st.DataObject) -> None:
    """The oracle is each element's own number, told by the stored tensor, the piece and the place in it."""
    group = placed(small, apart=False)
    view, blocks = GroupView(group), blocks_of(group)
    cut = {one.name: one.axis is not None for one in group.stored}
    pieces: dict[tuple[str, int | None], Array] = {}
    for name, is_cut in cut.items():
        for position in range(view.width) if is_cut else [None]:
            size = LENGTH // view.width if is_cut else LENGTH
            pieces[name, position] = np.arange(size, dtype=F32) + 100 * (len(pieces) + 1)
    for server in data.draw(st.permutations(view.active_servers)):
        segments = group.segments_of(group.servers[server])
        flat = [pieces[one.parameter, one.position][one.offset : one.offset + one.size] for one in segments]
        blocks.writing(server)(np.append(np.concatenate(flat), np.float32(-1)))
    for worker in range(group.workers):
        arrays = blocks.of_worker(worker)
        for buffer in view.role_of(worker).parameters:
            for name, tensor in tensors_in(buffer, arrays[buffer.name]).items():
                assert np.array_equal(tensor, pieces[name, view.position_of(worker) if cut[name] else None])


def test_memory_handed_on_holds_the_same_arrays() -> None:
    """Processes that map the same memory see one another's values."""
    group = placed(SMALLEST, apart=True)
    memory = aligned((size_bytes(group, F32),), np.dtype(np.uint8))
    one, other = blocks_of(group, memory), blocks_of(group, memory)
    for number, array in enumerate(one.of_worker(0).values()):
        array[...] = number + 1
    assert [set(array) for array in other.of_worker(1).values()] == [{number + 1} for number in range(len(one.of_worker(0)))]


def test_buffers_of_any_size_are_aligned_for_the_device() -> None:
    group = placed(SMALLEST, apart=True)
    odd = BufferRecord(name="parameters/odd", size=13, segments=())
    roles = tuple(msgspec.structs.replace(role, parameters=(odd, *role.parameters)) for role in group.roles)
    blocks = blocks_of(msgspec.structs.replace(group, roles=roles))
    for array in blocks.of_worker(0).values():
        memory = kept(array)
        array[...] = 7
        assert np.array_equal(np.asarray(memory.given()), array)
