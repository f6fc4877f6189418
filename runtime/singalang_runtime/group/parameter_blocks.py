"""The memory that workers read their parameters from and servers write new values to: one block for all workers that hold the same.

A server writes when every holder of its slice has pushed its gradients, which a worker does when its kernels of the step have
finished; a worker reads again when all its servers have said that they are done. So one block suffices, and nothing is copied
twice. Imports no JAX: who only wants to know sizes needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan_group import GroupRecord, RoleRecord
from singalang_runtime.group.sharing import shared
from singalang_runtime.protocol.group import GroupView

Array: TypeAlias = np.ndarray[Any, Any]
Holders: TypeAlias = tuple[int, int | None]
"""Workers that hold the same parameters: the number of their role, and their position where something in it is cut."""

ALIGNMENT_BYTES = 64


class ParameterBlocks:
    """The blocks of a group in `memory`, bytes of at least `size_bytes(group, dtype)` that begin where JAX need not copy.

    Where each buffer lies follows from the plan alone, so that processes that share the memory agree.
    """

    def __init__(self, view: GroupView, dtype: np.dtype[Any], memory: Array) -> None:
        assert memory.ctypes.data % ALIGNMENT_BYTES == 0 and memory.nbytes >= size_bytes(view.group, dtype)
        self._view, self._dtype, self._memory = view, dtype, memory
        self._places = _places(view.group, dtype)

    def of_worker(self, worker: int) -> dict[str, Array]:
        """The parameter buffers of a worker by name, to be written to."""
        return self._of_role(_holders(self._view, worker))

    def writing(self, server: int) -> Callable[[Array], None]:
        """What writes a server's new values wherever they are read."""
        segments = self._view.group.segments_of(self._view.group.servers[server])
        held = dict.fromkeys(_holders(self._view, worker) for worker in self._view.holders_of(server))
        copies: list[tuple[Array, slice]] = []
        for number, position in held:
            buffers, role = self._of_role((number, position)), self._view.group.roles[number]
            for one in shared(role, position or 0, segments):
                copies.append((buffers[one.buffer][one.first : one.end], slice(one.offset, one.offset + one.size)))

        def write(values: Array) -> None:
            for target, part in copies:
                target[...] = values[part]

        return write

    def _of_role(self, holders: Holders) -> dict[str, Array]:
        return {name: self._array(*place) for name, place in self._places[holders].items()}

    def _array(self, first: int, size: int) -> Array:
        return self._memory[first : first + size * self._dtype.itemsize].view(self._dtype)


def size_bytes(group: GroupRecord, dtype: np.dtype[Any]) -> int:
    """Bytes of memory that the blocks of a group need."""
    ends = [first + size * dtype.itemsize for places in _places(group, dtype).values() for first, size in places.values()]
    return _up(max(ends, default=0))


def _places(group: GroupRecord, dtype: np.dtype[Any]) -> dict[Holders, dict[str, tuple[int, int]]]:
    """Where each array begins, in bytes, and how many elements it has: the parameter buffers of all holders."""
    found: dict[Holders, dict[str, tuple[int, int]]] = {}
    at = 0
    for block, arrays in _blocks(group):
        places = found[block] = {}
        for name, size in arrays.items():
            places[name] = at, size
            at = _up(at + size * dtype.itemsize)
    return found


def _blocks(group: GroupRecord) -> Iterator[tuple[Holders, Mapping[str, int]]]:
    """The blocks in order, each with the sizes of its arrays in elements."""
    width = group.workers // group.stages
    for number, role in enumerate(group.roles):
        sizes = {buffer.name: buffer.size for buffer in role.parameters}
        positions = sorted(worker % width for worker in role.workers) if _is_cut(group, role) else [None]
        for position in positions:
            yield (number, position), sizes


def _holders(view: GroupView, worker: int) -> Holders:
    role = view.role_of(worker)
    return view.group.roles.index(role), view.position_of(worker) if _is_cut(view.group, role) else None


def _is_cut(group: GroupRecord, role: RoleRecord) -> bool:
    """Whether a worker of the role holds only pieces of some parameters."""
    cut = {one.name for one in group.stored if one.axis is not None}
    return any(segment.name in cut for buffer in role.parameters for segment in buffer.segments)


def _up(size: int) -> int:
    return -(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
