"""Where every lane of a group lies in the block that its processes share: read off the plan by each of them alone, and always the
same. Knows no memory and no step.

The block begins with a word for every process, which says whether it sleeps; the rings of lanes between different processes follow,
by sender: workers, then servers. Lanes within a process take no place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from singalang_compiler.plan_group import NormStep, ReceiveStep, RoleRecord, SendStep, SliceSegment
from singalang_runtime.group.moving import giving
from singalang_runtime.group.sharing import Stretch, shared
from singalang_runtime.plane.block import ALIGNMENT
from singalang_runtime.plane.ring import WORD_BYTES, Part, Ring
from singalang_runtime.plane.slots import enough_slots
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.steps import Message

BLOCK_SLOTS = 2
"""Of lanes of connections on which several payloads go between two waits for everybody: the sender goes on while the receiver still
reads what came before."""


@dataclass(frozen=True, slots=True)
class StateOf:
    """The layers' state of the first worker of a stage, for another worker of it: no message of a step, given before an evaluation.
    One part for each buffer of state that the receiver's role has, flat."""

    sender: str
    receiver: str


Key: TypeAlias = Message | StateOf
"""What a lane is called: a message whose step is 0, and whose micro-batch too where the lane serves all of them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A lane: its name, and its ring, whose `offset` means nothing where it is `within` one process. `stands_for_bytes`: what a
    message counts for in `LinkRecord`, be it copied or not."""

    key: Key
    ring: Ring
    stands_for_bytes: int
    within: bool


class LanesLayout:
    """The lanes of a group, by name; `processes` are its processes, in the order in which bells are given."""

    def __init__(self, view: GroupView, dtype: np.dtype[Any]) -> None:
        """`dtype`: the precision of the section."""
        self.processes = tuple(dict.fromkeys(view.group.processes.values()))
        self._process_of = view.group.processes
        self._shared = _Shared(view)
        found = {way.key: way for way in _Ways(view, dtype, self._shared).all()}
        slots = {key: way.ring.slots for key, way in found.items() if isinstance(key, Message)}
        for phase in self._shared.long_phases():
            slots = enough_slots(view, phase, self.key, slots)
        self.ways: dict[Key, Way] = {}
        self.size_bytes = len(self.processes) * ALIGNMENT
        for key, way in found.items():
            ring = replace(way.ring, slots=slots[key] if isinstance(key, Message) else way.ring.slots, offset=self.size_bytes)
            self.ways[key] = replace(way, ring=ring)
            self.size_bytes += 0 if way.within else ring.size_bytes
        self._states = {key.receiver: way for key, way in self.ways.items() if isinstance(key, StateOf)}

    def key(self, message: Message) -> Message:
        """The name of a message's lane."""
        micro = 0 if message.what == "block" and self._shared.is_one_lane(message) else message.micro
        return Message(message.what, message.sender, message.receiver, 0, message.name, message.phase, micro, message.back)

    def way(self, message: Message) -> Way:
        """The lane of a message, whatever its step."""
        return self.ways[self.key(message)]

    def state_way(self, receiver: str) -> Way | None:
        """The lane on which a worker gets the state of the first one of its stage, where there is one."""
        return self._states.get(receiver)

    def process_of(self, role: str) -> str:
        """The process in which a role lives."""
        return self._process_of[role]

    def sleeping(self, process: str) -> int:
        """The place of a process's word among the words of the block."""
        return self.processes.index(process) * ALIGNMENT // WORD_BYTES


Direction: TypeAlias = Literal["send", "receive"]


class _Shared:
    """Which connections take the micro-batches in one order at both ends, so that one lane serves them all."""

    def __init__(self, view: GroupView) -> None:
        self._view = view
        self._orders: dict[tuple[str, str, str, bool, Direction], tuple[int, ...]] = {}
        for role in view.group.roles:
            for phase in phases_of(role):
                self._read(role, phase)

    def is_one_lane(self, message: Message) -> bool:
        """Whether the lane of a block serves all micro-batches."""
        return self.micros(message, "send") == self.micros(message, "receive")

    def micros(self, message: Message, direction: Direction) -> tuple[int, ...]:
        """The micro-batches of a connection in the order in which the sender gives them, or the receiver takes them."""
        own = message.sender if direction == "send" else message.receiver
        role = self._view.role_of(int(own.removeprefix("worker-")))
        return self._orders.get((role.name, message.phase, message.name, message.back, direction), ())

    def long_phases(self) -> tuple[str, ...]:
        """Phases in which a lane may be given more in one step than it has slots."""
        return tuple(dict.fromkeys(key[1] for key, micros in self._orders.items() if len(micros) > BLOCK_SLOTS))

    def _read(self, role: RoleRecord, phase: str) -> None:
        for step in role.step if phase == "train" else role.evaluate[phase]:
            if isinstance(step, SendStep | ReceiveStep):
                direction: Direction = "send" if isinstance(step, SendStep) else "receive"
                key = (role.name, phase, step.connection, step.back, direction)
                self._orders[key] = (*self._orders.get(key, ()), step.micro)


class _Ways:
    """Finds the lanes of a group one after another, none of them with its offset yet."""

    def __init__(self, view: GroupView, dtype: np.dtype[Any], shared_: _Shared) -> None:
        self._view, self._dtype, self._shared = view, dtype, shared_
        self._slices: dict[int, tuple[SliceSegment, ...]] = {}
        self._stretches: dict[tuple[str, int | None, int], tuple[Stretch, ...]] = {}
        self._cut = any(stored.axis is not None for stored in view.group.stored)

    def all(self) -> Iterator[Way]:
        """Every lane, once."""
        for worker in range(self._view.group.workers):
            for phase in phases_of(self._view.role_of(worker)):
                yield from self._blocks(worker, phase)
            yield from self._gradients(worker)
            yield from self._states(worker)
        for server in self._view.active_servers:
            yield from self._squares(server)
            yield from self._values(server)

    def _blocks(self, worker: int, phase: str) -> Iterator[Way]:
        sends = [(step.connection, step.back) for step in self._view.program(worker, phase) if isinstance(step, SendStep)]
        for name, back in dict.fromkeys(sends):
            connection = self._view.connection(phase, name)
            first = (connection.source_stage if back else connection.target_stage) * self._view.width
            given = giving(connection, self._view.position_of(worker), back).parts
            for position in sorted(given):
                if first + position != worker:
                    other = worker_name(first + position)
                    part = Part(tuple(one.stop - one.start for one in given[position]), connection.dtype)
                    message = Message("block", worker_name(worker), other, 0, name, phase, 0, back)
                    ahead = phase != "train" and connection.source_stage != connection.target_stage
                    yield from self._connection(message, part, ahead)

    def _connection(self, message: Message, part: Part, ahead: bool) -> Iterator[Way]:
        """`ahead`: the sender may come to its next step or batch while the receiver is in this one."""
        micros = self._shared.micros(message, "send")
        assert set(micros) == set(self._shared.micros(message, "receive")), f"not all of {message} is taken"
        if self._shared.is_one_lane(message):
            yield self._way(message, (part,), BLOCK_SLOTS if ahead or len(micros) > 1 else 1)
        else:
            yield from (self._way(replace(message, micro=micro), (part,), 1) for micro in micros)

    def _gradients(self, worker: int) -> Iterator[Way]:
        group = self._view.group
        each = group.shards // self._view.width
        shards = [self._view.shard(worker, micro) for micro in range(each)] if group.shards else [0]
        for server in self._view.servers_of(worker):
            message = Message("gradient", worker_name(worker), server_name(server), 0)
            parts = tuple(Part((one.size,), self._dtype.name) for one in self._shared_with(worker, server))
            yield from (self._way(replace(message, micro=shard), parts, 1) for shard in shards)

    def _states(self, worker: int) -> Iterator[Way]:
        buffers, first = self._view.role_of(worker).state, worker - self._view.position_of(worker)
        if buffers and worker != first:
            parts = tuple(Part((buffer.size,), self._dtype.name) for buffer in buffers)
            yield self._way(StateOf(worker_name(first), worker_name(worker)), parts, 1)

    def _squares(self, server: int) -> Iterator[Way]:
        if any(isinstance(step, NormStep) for step in self._view.group.server_step):
            for other in self._view.active_servers:
                if other != server:
                    yield self._way(Message("square", server_name(server), server_name(other), 0), (Part((), self._dtype.name),), 1)

    def _values(self, server: int) -> Iterator[Way]:
        for worker in self._view.holders_of(server):
            elements = sum(one.size for one in self._shared_with(worker, server))
            message = Message("values", server_name(server), worker_name(worker), 0)
            yield replace(self._way(message, (), 1), stands_for_bytes=elements * self._dtype.itemsize)

    def _shared_with(self, worker: int, server: int) -> tuple[Stretch, ...]:
        """What a worker holds of a server's slice: the same for all workers of a role where nothing is cut."""
        role, position = self._view.role_of(worker), self._view.position_of(worker)
        way = role.name, position if self._cut else None, server
        if way not in self._stretches:
            if server not in self._slices:
                self._slices[server] = self._view.group.segments_of(self._view.group.servers[server])
            self._stretches[way] = shared(role, position, self._slices[server])
        return self._stretches[way]

    def _way(self, key: Key, parts: tuple[Part, ...], slots: int) -> Way:
        processes = self._view.group.processes
        within = processes[key.sender] == processes[key.receiver]
        return Way(key, Ring(parts, slots), sum(part.size_bytes for part in parts), within)


def phases_of(role: RoleRecord) -> tuple[str, ...]:
    """The phases in which workers of a role do something."""
    return ("train", *role.evaluate)
