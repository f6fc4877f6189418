"""Memory that is written in place while kernels read it as arrays of the device. Knows no array's meaning."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from singalang_runtime.kernels import on_host, put, seen

Array: TypeAlias = np.ndarray[Any, Any]
ALIGNMENT_BYTES = 64
"""From an address of this kind JAX reads memory as it lies; any other it copies."""


class Kept(NamedTuple):
    """An array that is written in place. `view` is what kernels read, or None where the device has a memory of its own."""

    array: Array
    view: Any

    def given(self) -> Any:
        """What a kernel takes. On a device with its own memory this is what the array holds now."""
        return put(np.array(self.array)) if self.view is None else self.view


def kept(array: Array) -> Kept:
    """An aligned array, with the view of it that kernels take."""
    return Kept(array, seen(array) if on_host() and array.size else None)


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A new array of zeros that begins where JAX need not copy."""
    size_bytes = prod(shape) * dtype.itemsize
    memory = np.zeros(size_bytes + ALIGNMENT_BYTES, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT_BYTES
    return memory[first : first + size_bytes].view(dtype).reshape(shape)
