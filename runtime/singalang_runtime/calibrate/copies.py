"""What copying and adding arrays outside kernels costs. Knows no JAX."""

from __future__ import annotations

import mmap

import numpy as np

from singalang_runtime.calibrate.clocks import seconds_of

LONG, SHORT, TINY = 24 * 2**20, 256 * 2**10, 64
"""Bytes of arrays that lie in memory, in the cache, and that cost nothing but the call."""
_BUDGET_S = 0.4


def copying() -> dict[str, float]:
    """Bytes a second, long and short, with the seconds of a call."""
    call_s = _copied_s(TINY)
    return {
        "copy_call_s": call_s,
        "copy_bytes_s": LONG / max(_copied_s(LONG) - call_s, 1e-9),
        "cache_copy_bytes_s": SHORT / max(_copied_s(SHORT) - call_s, 1e-9),
    }


def _copied_s(size: int) -> float:
    """Mean seconds of copying so many bytes into shared memory, and of adding them to an array."""
    shared = np.frombuffer(mmap.mmap(-1, size), np.float32)
    own, total = np.ones(size // 4, np.float32), np.ones(size // 4, np.float32)
    copied_s = seconds_of(lambda: np.copyto(shared, own), _BUDGET_S)
    added_s = seconds_of(lambda: np.add(total, shared, out=total), _BUDGET_S)
    return (copied_s + added_s) / 2
