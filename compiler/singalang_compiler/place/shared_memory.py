"""What a process touches of the memory that the processes of a group share: lanes to and from others, and parameters that it writes
for others. Knows no array and no byte but by count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from singalang_compiler.plan_group import ServerRecord, SliceSegment, StoredRecord

PAGE_BYTES = 4096


class Flow(NamedTuple):
    """A connection: what a worker of its stages gives, or gets, in one micro-batch and direction, on average."""

    source_stage: int
    target_stage: int
    each_bytes: float
    returns: bool


class Sharing(NamedTuple):
    """A group. `width`: workers of a stage. `segments_of` gives the slice of a server. `blocks`: by stage how many blocks of
    parameters its workers read, those that hold the same reading one. `pushes`: how often gradients are pushed in a step."""

    width: int
    micro_batches: int
    pushes: int
    element_bytes: int
    stored: Sequence[StoredRecord]
    servers: Sequence[ServerRecord]
    segments_of: Callable[[ServerRecord], Sequence[SliceSegment]]
    flows: Sequence[Flow]
    blocks: Mapping[int, int]


class SharedMemory:
    """What processes touch. Where several micro-batches are under way, the lane of a connection holds two."""

    def __init__(self, sharing: Sharing) -> None:
        self._sharing = sharing
        self._stored = {one.name: one for one in sharing.stored}
        named = {segment.parameter for server in sharing.servers for segment in server.segments}
        learned = [one for one in sharing.stored if one.name in named or one.at_home]
        stages = {stage for one in learned for stage in one.stages}
        self._held = {stage: sum(self._piece(one) for one in learned if stage in one.stages) for stage in stages}
        self._servers = {server.name: server for server in sharing.servers}

    def bytes_of(self, inside: Sequence[str]) -> int:
        """Of a process with these roles, in whole pages."""
        workers = [int(role.removeprefix("worker-")) for role in inside if role.startswith("worker-")]
        served = [segment for role in inside if role in self._servers for segment in self._sharing.segments_of(self._servers[role])]
        touched = self._gradients(workers, served) + self._values(workers, served) + sum(map(self._blocks, workers))
        return -(-round(touched) // PAGE_BYTES) * PAGE_BYTES

    def _gradients(self, workers: Sequence[int], served: Sequence[SliceSegment]) -> float:
        """Lanes to servers elsewhere, and from workers elsewhere."""
        sharing = self._sharing
        given = sum(self._held.get(worker // sharing.width, 0) for worker in workers)
        within = sum(segment.size * self._holds(worker, segment) for segment in served for worker in workers)
        got = sum(segment.size * self._holders(segment) for segment in served)
        return (given + got - 2 * within) * sharing.pushes * sharing.element_bytes

    def _values(self, workers: Sequence[int], served: Sequence[SliceSegment]) -> float:
        """Blocks of parameters that only others read."""
        written = sum(segment.size * self._read_in(segment) for segment in served)
        own = sum(segment.size * self._holds(worker, segment) for segment in served for worker in workers)
        return (written - own) * self._sharing.element_bytes

    def _blocks(self, worker: int) -> float:
        """Lanes of connections at a worker's end."""
        stage, slots = worker // self._sharing.width, 2 if self._sharing.micro_batches > 1 else 1
        ends = ((one, (one.source_stage == stage) + (one.target_stage == stage)) for one in self._sharing.flows)
        return sum(one.each_bytes * many * (1 + one.returns) * slots for one, many in ends)

    def _piece(self, stored: StoredRecord) -> int:
        return prod(stored.shape) // (1 if stored.axis is None else self._sharing.width)

    def _holds(self, worker: int, segment: SliceSegment) -> bool:
        stage, position = divmod(worker, self._sharing.width)
        return stage in self._stored[segment.parameter].stages and segment.position in (None, position)

    def _holders(self, segment: SliceSegment) -> int:
        return len(self._stored[segment.parameter].stages) * self._sharing.width if segment.position is None else 1

    def _read_in(self, segment: SliceSegment) -> int:
        stored = self._stored[segment.parameter]
        return sum(self._sharing.blocks[stage] for stage in stored.stages) if segment.position is None else 1
