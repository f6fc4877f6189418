"""A job with its processes: what `place` makes and `lower` reads. Types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.plan_group import (
    LinkRecord,
    MemoryRecord,
    ServerRecord,
    ServerStep,
    SliceSegment,
    StoredRecord,
    WorkerStep,
    slice_of,
)
from singalang_compiler.shaped import ShapedJob


@dataclass(frozen=True, slots=True)
class Process:
    """A process and the roles in it, or `count` of them of following numbers that hold the same: `worker-1`, `worker-2`, ..."""

    name: str
    roles: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRole:
    """Workers of one stage with equally many rows: they run one program. Calls are named `forward/<level>`, `backward/<level>`,
    `step/<level>` (both passes of a piece whose backward pass is fused) and `evaluate/<phase>/<level>`."""

    name: str
    stage: int
    workers: tuple[int, ...]
    rows: int
    step: tuple[WorkerStep, ...]
    evaluate: Mapping[str, tuple[WorkerStep, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSection:
    """One train section: who does what in it. For a section that is `whole` everything but `cut` is empty.

    `stored`: all parameters of the section's net, in its order, as the plan's group has them. `memory` and `step_s` are predicted
    without kernels, from what the layer kinds say; lowering refines them.
    """

    cut: CutSection
    roles: tuple[WorkerRole, ...] = ()
    servers: tuple[ServerRecord, ...] = ()
    server_step: tuple[ServerStep, ...] = ()
    server_reason: str = "only-server"
    processes: Mapping[str, str] = field(default_factory=dict)  # of each worker `worker-3` and server `server-1`
    links: tuple[LinkRecord, ...] = ()
    memory: tuple[MemoryRecord, ...] = ()
    step_s: float = 0.0
    stored: tuple[StoredRecord, ...] = ()

    def segments_of(self, server: ServerRecord) -> tuple[SliceSegment, ...]:
        """The slice of a server, in order: as `GroupRecord.segments_of`."""
        return slice_of(server, self.stored, self.cut.nets["train"].workers)


@dataclass(frozen=True, slots=True)
class Placed:
    """A partitioned job with its processes. `reason` says why these: one of the plan's closed list."""

    partitioned: Partitioned
    sections: tuple[PlacedSection, ...]
    processes: tuple[Process, ...]
    reason: str

    @property
    def shaped(self) -> ShapedJob:
        """The job."""
        return self.partitioned.shaped
