"""Blocks: what one writes the other reads, whoever closes first, and nothing is left of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from singalang_runtime.plane.block import ALIGNMENT, Block, aligned

F32 = np.dtype("float32")


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = len(descriptors())
    yield
    assert len(descriptors()) == before


@pytest.mark.parametrize("size_bytes", [0, 1, 4096, 4097, 100_000])
def test_a_block_begins_on_a_page_holds_what_was_wanted_and_is_0(size_bytes: int) -> None:
    for block in (Block.shared("b", size_bytes), Block.ordinary(size_bytes)):
        assert block.size_bytes >= size_bytes and block.size_bytes % os.sysconf("SC_PAGESIZE") == 0
        whole = block.array(0, (block.size_bytes // 4,), F32)
        assert whole.ctypes.data % os.sysconf("SC_PAGESIZE") == 0 and not whole.any()
        del whole
        block.close()
        block.close()


def test_what_one_writes_the_other_reads() -> None:
    one = Block.shared("b", 8192)
    other = Block.attached(os.dup(one.descriptor))
    one.array(ALIGNMENT, (2, 3), F32)[...] = np.arange(6).reshape(2, 3)
    other.words[0] = 1 << 60
    assert np.array_equal(other.array(ALIGNMENT, (2, 3), F32), np.arange(6).reshape(2, 3))
    assert one.words[0] == 1 << 60 and len(one.words) == 1024
    one.close()
    assert other.words[0] == 1 << 60
    other.close()


def test_views_outlive_the_block() -> None:
    block = Block.shared("b", 4096)
    view = block.array(0, (3,), F32)
    view[:] = 7
    block.close()
    assert list(view) == [7, 7, 7]
    with pytest.raises(AssertionError, match="closed"):
        block.array(0, (3,), F32)


def test_a_block_whose_size_was_set_by_others_grows_to_whole_pages() -> None:
    descriptor = os.memfd_create("b", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, 5001)
    block = Block.attached(descriptor)
    assert block.size_bytes == 8192 == os.fstat(descriptor).st_size
    block.close()


def test_children_inherit_no_block_unless_it_is_passed_on() -> None:
    block = Block.shared("b", 1)
    other = os.dup(block.descriptor)
    os.set_inheritable(other, True)
    attached = Block.attached(other)
    assert not os.get_inheritable(block.descriptor) and not os.get_inheritable(attached.descriptor)
    block.close()
    attached.close()


@pytest.mark.parametrize(("offset", "count"), [(4, 1), (0, 1025), (4096, 1)])
def test_what_does_not_lie_in_the_block_is_our_mistake(offset: int, count: int) -> None:
    block = Block.ordinary(4096)
    with pytest.raises(AssertionError):
        block.array(offset, (count,), F32)
    block.close()


def test_places_are_aligned_upwards() -> None:
    assert [aligned(offset) for offset in (0, 1, 63, 64, 65)] == [0, 64, 64, 64, 128]
