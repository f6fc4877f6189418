"""Whole tensors to what the workers and servers of a group hold of them, and back: what a section begins with, and what a
checkpoint holds. Records and NumPy arrays alone: who puts a checkpoint together needs no device. Knows no message and no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

import numpy as np

from singalang_compiler.plan import SectionRecord
from singalang_compiler.plan_group import BufferRecord, GroupRecord, SliceSegment, StoredRecord
from singalang_runtime.group.tensors import Array, Pieces, filled, joined, piece, put_back, slice_of, tensors_in
from singalang_runtime.protocol.group import GroupView, server_name, worker_name

Held: TypeAlias = Mapping[str, Mapping[str, Array]]
"""What roles hold, by their names and those of the arrays."""
Group: TypeAlias = Literal["parameters", "state"]

VALUE = "value"
"""The name of the array that holds the values of a server's slice."""
SUMS, TOTALS = "metrics/sums", "metrics/totals"
"""What a worker measured: on its device, and before that in 64 bits. (metrics, 2) each; of all workers together in a checkpoint."""


@dataclass(frozen=True)
class Shares:
    """Who holds what. `slices` are the servers' segments, by server's name; `stored` parameters and `states` go by name, `learned`
    are the parameters in servers' slices."""

    view: GroupView
    slices: Mapping[str, tuple[SliceSegment, ...]]
    stored: Mapping[str, StoredRecord]
    states: Mapping[str, StoredRecord]
    learned: Mapping[str, StoredRecord]
    dtype: np.dtype[np.floating]

    @staticmethod
    def of(section: SectionRecord) -> Shares:
        """Those of a section with a group."""
        assert section.group is not None
        group, view = section.group, GroupView(section.group)
        slices = {server_name(number): group.segments_of(server) for number, server in enumerate(group.servers)}
        stored = {one.name: one for one in group.stored}
        return Shares(
            view=view,
            slices=slices,
            stored=stored,
            states={one.name: one for one in group.states},
            learned={one.parameter: stored[one.parameter] for segments in slices.values() for one in segments},
            dtype=np.dtype("float64" if section.precision == "f64" else "float32"),
        )

    @property
    def group(self) -> GroupRecord:
        """The group."""
        return self.view.group

    @property
    def served(self) -> dict[str, str]:
        """The arrays of a server that tell of learned parameters, and the group of tensors that each belongs to."""
        return {VALUE: "parameters"} | {f"slots/{slot}": f"slots/{slot}" for slot in self.group.slots}


def parts_of(shares: Shares, role: str, tensors: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """What a worker (its buffers) or a server (its slice) holds of the tensors, with the array's name, one after the other; of the
    tensors, which go by key, only those are asked for that it holds something of. Updater slots that are not there begin with 0."""
    kind, _, number = role.partition("-")
    return _worker_parts(shares, int(number), tensors) if kind == "worker" else _server_parts(shares, int(number), tensors)


def wanted_of(shares: Shares, role: str) -> tuple[str, ...]:
    """The names of the arrays that a role must tell of for a checkpoint."""
    kind, _, number = role.partition("-")
    if kind == "server":
        return tuple(shares.served) if shares.slices[role] else ()
    names = [buffer.name for _, stored, group in _unserved(shares) for buffer in _told(shares, int(number), stored, group)]
    return (*dict.fromkeys(names), SUMS, TOTALS)


def assemble(shares: Shares, held: Held) -> dict[str, Array]:
    """The whole tensors by key: what learns and its updater's slots from the servers, the rest from who holds it; and the metrics,
    (workers, metrics, 2) each. `held` are the arrays of all roles that `wanted_of` names. Views where nothing is cut."""
    found: dict[str, Array] = {}
    for name, group in shares.served.items():
        pieces = {
            (key, position): np.zeros(_piece_size(shares, stored), shares.dtype)
            for key, stored in shares.learned.items()
            for position in _positions(shares, stored)
        }
        for server, segments in shares.slices.items():
            if segments:
                put_back(segments, held[server][name], pieces)
        found |= {f"{group}/{key}": _joined(shares, stored, pieces) for key, stored in shares.learned.items()}
    for key, stored, kind in _unserved(shares):
        found[key] = _from_workers(shares, stored, kind, held)
    workers = [held[worker_name(number)] for number in range(shares.group.workers)]
    return found | {name: np.stack([worker[name] for worker in workers]) for name in (SUMS, TOTALS)}


def _worker_parts(shares: Shares, worker: int, tensors: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    role, position = shares.view.role_of(worker), shares.view.position_of(worker)
    for group, buffers, records in (("parameters", role.parameters, shares.stored), ("state", role.state, shares.states)):
        for buffer in buffers:
            own = {
                one.name: piece(tensors[f"{group}/{one.name}"], records[one.name].axis, position, shares.view.width)
                for one in buffer.segments
            }
            yield buffer.name, filled(buffer, own, shares.dtype)


def _server_parts(shares: Shares, server: int, tensors: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    segments, size = shares.slices[server_name(server)], shares.group.servers[server].size
    for name, group in shares.served.items():
        yield name, slice_of(segments, size, _flat(shares, segments, group, tensors), shares.dtype)


def _flat(shares: Shares, segments: tuple[SliceSegment, ...], group: str, tensors: Mapping[str, Array]) -> Pieces:
    """The stored tensors that segments are of, flat; zeros for those that are not there."""
    found: dict[tuple[str, int | None], Array] = {}
    for name, position in dict.fromkeys((one.parameter, one.position) for one in segments):
        stored, key = shares.stored[name], f"{group}/{name}"
        if group == "parameters" or key in tensors:
            found[name, position] = piece(tensors[key], stored.axis, position or 0, shares.view.width).reshape(-1)
        else:
            found[name, position] = np.zeros(_piece_size(shares, stored), shares.dtype)
    return found


def _unserved(shares: Shares) -> Iterator[tuple[str, StoredRecord, Group]]:
    """What no server has: state, and parameters that do not learn. With its key."""
    for name, stored in shares.stored.items():
        if name not in shares.learned:
            yield f"parameters/{name}", stored, "parameters"
    for name, stored in shares.states.items():
        yield f"state/{name}", stored, "state"


def _told(shares: Shares, worker: int, stored: StoredRecord, group: Group) -> Iterator[BufferRecord]:
    """The buffer of a worker that holds a tensor, where it is for this worker to tell of it: all workers of a stage do of one that
    is cut, else the first one does."""
    stage, position = shares.view.stage_of(worker), shares.view.position_of(worker)
    if stage == stored.stages[0] and (stored.axis is not None or position == 0):
        role = shares.view.role_of(worker)
        for buffer in role.parameters if group == "parameters" else role.state:
            if any(segment.name == stored.name for segment in buffer.segments):
                yield buffer


def _from_workers(shares: Shares, stored: StoredRecord, group: Group, held: Held) -> Array:
    first = stored.stages[0] * shares.view.width
    pieces = [
        tensors_in(buffer, held[worker_name(worker)][buffer.name])[stored.name]
        for worker in range(first, first + shares.view.width)
        for buffer in _told(shares, worker, stored, group)
    ]
    return joined(pieces, stored.shape, stored.axis)


def _joined(shares: Shares, stored: StoredRecord, pieces: Pieces) -> Array:
    return joined([pieces[stored.name, position] for position in _positions(shares, stored)], stored.shape, stored.axis)


def _positions(shares: Shares, stored: StoredRecord) -> list[int | None]:
    return [None] if stored.axis is None else list(range(shares.view.width))


def _piece_size(shares: Shares, stored: StoredRecord) -> int:
    return prod(stored.shape) // len(_positions(shares, stored))
