"""The peak memory of every process of a group: what it holds by name at each instruction, and what its kernels need besides.

Arrays live as `liveness` says, kernels need what `temporaries` predicts. A process does one thing at a time: a server in the
process of a worker works while that waits at the end of its step, when it holds nothing that does not last. (A worker of a stage
without parameters waits for no server and may begin its next step meanwhile; that is left out.) What a host has for itself does
not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod

import numpy as np
from msgspec import structs

from singalang_compiler.liveness import GRADIENT, Key, Moment, lasting, server_moments, worker_moments
from singalang_compiler.lower.arguments import METRICS
from singalang_compiler.place.shared_memory import Flow, SharedMemory, Sharing
from singalang_compiler.plan import Argument, KernelRecord
from singalang_compiler.plan_group import (
    ArrayRecord,
    BufferRecord,
    CallRecord,
    ClearStep,
    ConnectionRecord,
    GroupRecord,
    MemoryRecord,
    RoleRecord,
    RunStep,
    ServerRecord,
)

_NOTHING = MemoryRecord(process="", total=0, parameters=0, gradients=0, server=0, arrays=0, temporary=0)


def memory_of(group: GroupRecord, kernels: Mapping[str, KernelRecord], double: bool) -> tuple[MemoryRecord, ...]:
    """The peak of every process in a training step, those that need the same told once. `double`: numbers have 64 bits."""
    predicted, sharing = _Predicted(group, kernels, 8 if double else 4), SharedMemory(_sharing(group, 8 if double else 4))
    roles: dict[str, list[str]] = {}
    for role, process in group.processes.items():
        roles.setdefault(process, []).append(role)
    found: dict[MemoryRecord, list[str]] = {}
    for process, inside in roles.items():
        own, shared = predicted.peak(inside), sharing.bytes_of(inside)
        found.setdefault(structs.replace(own, lanes=own.lanes + shared, total=own.total + shared), []).append(process)
    return tuple(
        structs.replace(record, process=first, count=1 + len(others), others=tuple(others))
        for record, (first, *others) in found.items()
    )


def _sharing(group: GroupRecord, element_bytes: int) -> Sharing:
    """The group as far as its processes share memory."""
    width = group.workers // group.stages
    cut = {stage for one in group.stored if one.axis is not None for stage in one.stages}
    blocks = Counter[int]()
    for role in group.roles:
        blocks[role.stage] += len(role.workers) if role.stage in cut else 1
    return Sharing(
        width=width,
        micro_batches=group.micro_batches,
        pushes=group.micro_batches if group.shards else 1,
        element_bytes=element_bytes,
        stored=group.stored,
        servers=group.servers,
        segments_of=group.segments_of,
        flows=tuple(_flow(one, group.micro_batches * width) for one in group.connections if one.phase == "train"),
        blocks=blocks,
    )


def _flow(connection: ConnectionRecord, parts: int) -> Flow:
    each_bytes = connection.step_bytes / parts / (1 + connection.returns)
    return Flow(connection.source_stage, connection.target_stage, each_bytes, connection.returns)


class _Predicted:
    """What is known of a group when its kernels are made. The same is worked out once for all workers of a role."""

    def __init__(self, group: GroupRecord, kernels: Mapping[str, KernelRecord], element_bytes: int) -> None:
        self.group, self.kernels, self.element_bytes = group, kernels, element_bytes
        self._role_of = {f"worker-{worker}": role for role in group.roles for worker in role.workers}
        self._servers = {server.name: server for server in group.servers}
        every = (array for role in group.roles for array in role.arrays)
        self._metrics_bytes = max((_bytes(array) for array in every if array.name == METRICS), default=0)  # every worker has them
        self._resting_of = {role.name: self._resting(role) for role in group.roles}
        self._working_of = {role.name: max(self._worker_moments(role), key=_total) for role in group.roles}
        self._serving = max(self._server_moments(), key=_total)
        self._gradient_bytes = max((server.size for server in group.servers), default=0) * element_bytes  # kept all the time

    def peak(self, inside: Sequence[str]) -> MemoryRecord:
        """The moment when a process with these workers and servers needs most; its name is left out."""
        roles = [self._role_of[worker] for worker in inside if worker in self._role_of]
        servers = [self._servers[server] for server in inside if server in self._servers]
        resting = _sum([*(self._resting_of[role.name] for role in roles), *map(self._holding, servers)])
        working = [self._working_of[role.name] for role in roles]
        serving = [self._serving for server in servers if self.group.segments_of(server)]
        most = max(_sum(working), _sum(serving), key=_total)
        lanes = sum(map(self._zeros, roles)) + (0 if most.server else sum(self._gradient_bytes for _ in serving))
        peak = structs.replace(_sum([resting, most]), lanes=lanes)
        return structs.replace(peak, total=_total(peak))

    def _zeros(self, role: RoleRecord) -> int:
        """What gradients are cleared with, kept all the time."""
        clears = any(isinstance(step, ClearStep) for step in role.step)
        return self._buffer_bytes(one for one in role.parameters if one.name in role.trained) if clears else 0

    def _resting(self, role: RoleRecord) -> MemoryRecord:
        """What a worker holds all the time."""
        sizes = self._array_bytes(role)
        lasts = sum(sizes[name] for name, _ in lasting(worker_moments(self.group, role, "train")) if name != METRICS)
        arrays = self._buffer_bytes(role.state) + lasts + self._metrics_bytes
        return structs.replace(_NOTHING, parameters=self._buffer_bytes(role.parameters), arrays=arrays)

    def _holding(self, server: ServerRecord) -> MemoryRecord:
        """What a server holds all the time: its slice, and scales where its call takes them."""
        update = self.group.server_calls["update"]
        arrays = [name for name in update.inputs if name.startswith(("value", "slots/", "lr_scale", "wd_scale"))]
        return structs.replace(_NOTHING, server=len(arrays) * server.size * self.element_bytes)

    def _worker_moments(self, role: RoleRecord) -> Iterator[MemoryRecord]:
        """What a worker holds besides, instruction by instruction."""
        sizes = self._array_bytes(role)
        moments = worker_moments(self.group, role, "train")
        for moment, held in _held(moments):
            more, temporary = self._needed(moment, role.calls)
            gradients = sum(sizes[name] for name, _ in held if name.startswith("gradients/"))
            arrays = sum(sizes[name] for name, _ in held) - gradients
            yield structs.replace(_NOTHING, gradients=gradients, arrays=arrays + more, temporary=temporary)
        yield _NOTHING

    def _server_moments(self) -> Iterator[MemoryRecord]:
        """What a server holds besides, instruction by instruction."""
        size = max((server.size for server in self.group.servers), default=0)
        for moment, held in _held(server_moments(self.group)):
            more, temporary = self._needed(moment, self.group.server_calls)
            arrays = sum(size * self.element_bytes if name == GRADIENT else self.element_bytes for name, _ in held)
            yield structs.replace(_NOTHING, server=arrays + more, temporary=temporary)
        yield _NOTHING

    def _needed(self, moment: Moment, calls: Mapping[str, CallRecord]) -> tuple[int, int]:
        """What a call needs besides what is held by name: results that stand beside what they replace, and temporary bytes."""
        if not isinstance(moment.step, RunStep):
            return 0, 0
        call = calls[moment.step.call]
        record = self.kernels[call.kernel]
        donated = {name for name, argument in zip(call.inputs, record.inputs, strict=True) if argument.donated}
        beside = set(call.inputs) - donated
        return sum(
            _bytes(one) for name, one in zip(call.outputs, record.outputs, strict=True) if name in beside
        ), call.temporary_bytes

    def _array_bytes(self, role: RoleRecord) -> dict[str, int]:
        """The bytes of one slot of each of a role's arrays."""
        return {array.name: _bytes(array) for array in role.arrays}

    def _buffer_bytes(self, buffers: Iterable[BufferRecord]) -> int:
        return sum(buffer.size for buffer in buffers) * self.element_bytes


def _held(moments: tuple[Moment, ...]) -> Iterator[tuple[Moment, frozenset[Key]]]:
    """Each instruction with what is held while it is done, what lasts left out."""
    held: frozenset[Key] = frozenset()
    always = lasting(moments)
    for moment in moments:
        held |= {*moment.makes} - always
        yield moment, held
        held -= {*moment.dies}


def _bytes(array: ArrayRecord | Argument) -> int:
    return prod(array.shape) * np.dtype(array.dtype).itemsize


def _sum(records: Iterable[MemoryRecord]) -> MemoryRecord:
    parts = list(records)
    return structs.replace(
        _NOTHING,
        parameters=sum(one.parameters for one in parts),
        gradients=sum(one.gradients for one in parts),
        server=sum(one.server for one in parts),
        arrays=sum(one.arrays for one in parts),
        temporary=sum(one.temporary for one in parts),
    )


def _total(record: MemoryRecord) -> int:
    return record.parameters + record.gradients + record.server + record.arrays + record.temporary + record.lanes
