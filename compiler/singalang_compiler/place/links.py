"""How many bytes move in a step, connection by connection and kind by kind. `LinkRecord` says what counts.

Sums over workers are written as formulas, as there may be a million pairs of them. Let n workers of a stage share a value of N
elements in one micro-batch, rows as they may be. Then all of them together get

    source           target              with what they have themselves    of that from themselves
    batch, feature   whole               n N                               N
    batch, feature   batch, feature      N                                 N, if it is the same distribution, else N / n
    whole            whole               n N                               all
    whole            batch, feature      N                                 all
    partial          whole               n n N                             n N
    partial          batch, feature      n N                               N

and between two stages nobody has anything of it. A gradient takes the same blocks back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from singalang_compiler.partition.cut_net import Connection, CutNet
from singalang_compiler.plan_group import LinkRecord, ServerRecord, SliceSegment, StoredRecord


def connection_bytes(connection: Connection, micro_batches: int, element_bytes: int) -> int:
    """What all workers together give other workers by a connection in one step, or one batch of an evaluation, both ways.

    `element_bytes`: of numbers of the job's precision.
    """
    size = 4 if connection.dtype == "i32" else element_bytes
    return moved_elements(connection) * size * micro_batches * (2 if connection.returns else 1)


def moved_elements(connection: Connection) -> int:
    """Elements that go from worker to worker, one way, in one micro-batch."""
    workers, elements = connection.extent.workers, prod(connection.extent.shape)
    source, target = connection.source, connection.target
    got = elements * (workers if target.kind == "whole" else 1) * (workers if source.kind == "partial" else 1)
    if connection.source_stage != connection.target_stage:
        return got
    if source.kind == "whole":
        return 0
    if source.kind == "partial":
        return got - got // workers
    return got - (elements if target.kind == "whole" or target == source else elements // workers)


def links_of(
    net: CutNet,
    servers: Iterable[ServerRecord],
    stored: Mapping[str, StoredRecord],
    *,
    clips_norm: bool,
    element_bytes: int,
) -> tuple[LinkRecord, ...]:
    """The bytes between processes of one training step; `stored` holds the parameters by name."""
    servers = tuple(servers)
    moved = sum(_moved_by_segments(server, stored, net.workers) for server in servers) * element_bytes
    norms = len(servers) * (len(servers) - 1) * element_bytes if clips_norm else 0
    return (
        LinkRecord(
            what="connections", step_bytes=sum(connection_bytes(one, net.micro_batches, element_bytes) for one in net.connections)
        ),
        LinkRecord(what="gradients", step_bytes=moved * (net.micro_batches if net.shards else 1)),
        LinkRecord(what="values", step_bytes=moved),
        LinkRecord(what="norms", step_bytes=norms),
    )


def _moved_by_segments(server: ServerRecord, stored: Mapping[str, StoredRecord], workers: int) -> int:
    """Elements of a slice times the workers in other processes that hold them. What is at home does not move."""
    worker = int(server.process.removeprefix("worker-")) if server.process.startswith("worker-") else None
    return sum(_copies_elsewhere(segment, stored[segment.parameter], worker, workers) for segment in server.segments)


def _copies_elsewhere(segment: SliceSegment, stored: StoredRecord, worker: int | None, workers: int) -> int:
    stage, position = divmod(worker, workers) if worker is not None else (-1, -1)
    here = stage in stored.stages
    if segment.position is None:
        return segment.size * (len(stored.stages) * workers - here)
    piece = prod(stored.shape) // workers
    first = segment.position * piece + segment.offset
    own = min(first + segment.size, (position + 1) * piece) - max(first, position * piece) if here else 0
    return segment.size - max(own, 0)
