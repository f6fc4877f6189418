"""A block of memory that processes share by an inherited descriptor, or that one has for itself. Knows not what lies in it."""

from __future__ import annotations

import mmap
import os
from math import prod
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

ALIGNMENT = 64
"""What lies in a block begins at multiples of so many bytes: a line of the cache, and what JAX needs to take an array uncopied."""


def aligned(offset: int) -> int:
    """The first place from `offset` on where something may lie."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


class Block:
    """Memory that is 0 in the beginning and starts on a page. `descriptor` is what another process attaches it by, -1 where there
    is none; `words` are its 64-bit words, each read and written at once; `size_bytes` is the wanted size, or more.

    It has no name, so nothing is left of it when the last process that holds it is gone. Memory stays mapped while there are views
    of it, whether or not the block was closed.
    """

    def __init__(self, memory: mmap.mmap, descriptor: int) -> None:
        self.descriptor, self.size_bytes = descriptor, len(memory)
        self._memory: mmap.mmap | None = memory
        self.words = memoryview(memory).cast("Q")

    @staticmethod
    def shared(name: str, size_bytes: int) -> Block:
        """A new block that other processes can attach; they inherit the descriptor only where it is passed on. The name is for who
        looks at a process's descriptors. Raises OSError."""
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
        try:
            os.ftruncate(descriptor, _whole_pages(size_bytes))
            return Block(mmap.mmap(descriptor, _whole_pages(size_bytes)), descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    @staticmethod
    def attached(descriptor: int) -> Block:
        """The block of an inherited descriptor, which is now this block's to close, grown to whole pages. Raises OSError."""
        os.set_inheritable(descriptor, False)
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes % mmap.PAGESIZE or not size_bytes:
            os.ftruncate(descriptor, _whole_pages(size_bytes))
        return Block(mmap.mmap(descriptor, _whole_pages(size_bytes)), descriptor)

    @staticmethod
    def ordinary(size_bytes: int) -> Block:
        """Memory of this process alone."""
        return Block(mmap.mmap(-1, _whole_pages(size_bytes), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), -1)

    @property
    def memory(self) -> mmap.mmap:
        """All of it, for `struct`."""
        assert self._memory is not None, "the block is closed"
        return self._memory

    def array(self, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """A view of what lies at `offset`, which is aligned."""
        assert offset % ALIGNMENT == 0 and offset + prod(shape) * dtype.itemsize <= self.size_bytes, f"{shape} at {offset}"
        return np.frombuffer(self.memory, dtype, prod(shape), offset).reshape(shape)

    def close(self) -> None:
        """Gives the descriptor back, and the memory with the last view of it; may be called again. `words` are not used again."""
        if self._memory is None:
            return
        self._memory = None
        self.words.release()
        if self.descriptor != -1:
            os.close(self.descriptor)
            self.descriptor = -1


def _whole_pages(size_bytes: int) -> int:
    return max(1, -(-size_bytes // mmap.PAGESIZE)) * mmap.PAGESIZE
