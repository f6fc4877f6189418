"""Who gives what to whom in a group of workers and servers, read off its record in the plan. Knows no step, message or array."""

from __future__ import annotations

from typing import TypeAlias

from singalang_compiler.geometry import incoming, outgoing
from singalang_compiler.plan_group import ConnectionRecord, GroupRecord, RoleRecord, SliceSegment, WorkerStep

Peers: TypeAlias = tuple[int, ...]
"""Numbers of workers, or of servers, ascending."""
Piece: TypeAlias = tuple[str, int | None]
"""A parameter, or of a cut one the piece of the worker at a position."""


def worker_name(number: int) -> str:
    """What a worker is called in messages."""
    return f"worker-{number}"


def server_name(number: int) -> str:
    """What a server is called in messages."""
    return f"server-{number}"


class GroupView:
    """A group as its members see it. Workers and servers go by number: worker i of stage s is s * width + i.

    Nothing is computed for all pairs of workers: who asks for one gets the answer for one, computed anew.
    """

    def __init__(self, group: GroupRecord) -> None:
        self.group = group
        self.width = group.workers // group.stages  # workers of a stage
        self._connections = {(one.phase, one.name): one for one in group.connections}
        self._roles = {worker: role for role in group.roles for worker in role.workers}
        self._stored = {one.name: one for one in group.stored}
        self._held = [_pieces(group.segments_of(server)) for server in group.servers]
        self._holding: dict[Piece, list[int]] = {}
        for server, pieces in enumerate(self._held):
            for piece in pieces:
                self._holding.setdefault(piece, []).append(server)

    def stage_of(self, worker: int) -> int:
        """The stage of a worker."""
        return worker // self.width

    def position_of(self, worker: int) -> int:
        """The position of a worker in its stage."""
        return worker % self.width

    def role_of(self, worker: int) -> RoleRecord:
        """The role of a worker."""
        return self._roles[worker]

    def program(self, worker: int, phase: str) -> tuple[WorkerStep, ...]:
        """What a worker does in a step, or outside training in a batch of the phase; nothing where it has no part in it."""
        role = self.role_of(worker)
        return role.step if phase == "train" else role.evaluate.get(phase, ())

    def connection(self, phase: str, name: str) -> ConnectionRecord:
        """The connection of this name in the net of a phase."""
        return self._connections[phase, name]

    def shard(self, worker: int, micro: int) -> int:
        """The shard that is a worker's micro-batch `micro`, where sums are exact."""
        return self.position_of(worker) * (self.group.shards // self.width) + micro

    @property
    def active_servers(self) -> Peers:
        """The servers that hold something. One with an empty slice takes no part in steps."""
        return tuple(server for server, pieces in enumerate(self._held) if pieces)

    def receives_from(self, worker: int, phase: str, name: str, back: bool) -> Peers:
        """The other workers whose blocks of a connection, or of its gradient, a worker needs, by position."""
        one, position = self.connection(phase, name), self.position_of(worker)
        if back:
            others = {block.target for block in outgoing(one.extent, one.source, one.target, position)}
        else:
            others = {block.source for block in incoming(one.extent, one.source, one.target, position)}
        return self._at(one.target_stage if back else one.source_stage, others, worker)

    def sends_to(self, worker: int, phase: str, name: str, back: bool) -> Peers:
        """The other workers who need a worker's blocks of a connection, or of its gradient, by position."""
        one, position = self.connection(phase, name), self.position_of(worker)
        if back:
            others = {block.source for block in incoming(one.extent, one.source, one.target, position)}
        else:
            others = {block.target for block in outgoing(one.extent, one.source, one.target, position)}
        return self._at(one.source_stage if back else one.target_stage, others, worker)

    def _at(self, stage: int, positions: set[int], worker: int) -> Peers:
        """The workers at these positions of a stage, the worker itself left out."""
        return tuple(other for other in sorted(stage * self.width + position for position in positions) if other != worker)

    def holders_of(self, server: int) -> Peers:
        """The workers that hold anything of a server's slice."""
        found: set[int] = set()
        for parameter, position in self._held[server]:
            stages = self._stored[parameter].stages
            positions = range(self.width) if position is None else (position,)
            found.update(stage * self.width + one for stage in stages for one in positions)
        return tuple(sorted(found))

    def servers_of(self, worker: int) -> Peers:
        """The servers whose slices hold anything that a worker holds."""
        stage, position = self.stage_of(worker), self.position_of(worker)
        mine = [stored for stored in self.group.stored if stage in stored.stages]
        held = [self._holding.get((stored.name, None if stored.axis is None else position), ()) for stored in mine]
        return tuple(sorted({server for servers in held for server in servers}))


def _pieces(segments: tuple[SliceSegment, ...]) -> tuple[Piece, ...]:
    """What some segments are of, each once."""
    return tuple(dict.fromkeys((one.parameter, one.position) for one in segments))
