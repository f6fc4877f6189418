"""Settings of the C library's allocator: made before JAX is imported, and skipped where the C library has none."""

from __future__ import annotations

import ctypes
import sys

_ARENA_MAX, _MMAP_THRESHOLD, _TOP_PAD, _TRIM_THRESHOLD = -8, -3, -2, -1  # numbers of glibc's malloc.h
SETTINGS = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 256 << 20))
"""What is set, as (setting, value). A step's temporary block then stays in the process: by default glibc gives a block of more
than 32 MiB back to the system after each step and faults its pages in again at the next. XLA allocates in a thread of its own,
whose arena cannot grow beyond 64 MiB, hence the one arena."""


def keep_large_blocks() -> bool:
    """Tells the allocator to keep large blocks; whether every setting was taken. False where the C library is not glibc.

    Call it before JAX is imported: arenas that exist stay. Its price: the process keeps its peak memory.
    """
    assert "jax" not in sys.modules, "the allocator is set before JAX is imported"
    try:
        mallopt = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018  musl has a mallopt of no effect
    except (AttributeError, OSError, TypeError):
        return False
    return all([mallopt(setting, value) == 1 for setting, value in SETTINGS])


def give_free_blocks_back() -> bool:
    """Gives the system what was freed and is kept, once; whether there was anything. What is allocated later is kept again."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):
        return False
