"""The data plane of one process of a group: its ends of the lanes in the block that all share. Knows no role's program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from singalang_runtime.plane.bell import Bell, Waiter
from singalang_runtime.plane.block import Block
from singalang_runtime.plane.layout import Key, LanesLayout, StateOf, Way
from singalang_runtime.plane.local import LocalLane
from singalang_runtime.plane.port import LINKS, Lane
from singalang_runtime.plane.ring import ReceivingEnd, SendingEnd
from singalang_runtime.protocol.steps import Message


class SharedPlane:
    """The `Plane` of the process of this name.

    `block`: at least `layout.size_bytes`, 0 in the beginning. `bells`: a descriptor for each of `layout.processes`. `waiter` waits
    for what comes on any lane; posting and releasing wake the process at the other end. Each lane is made once, when it is first
    asked for, and goes on counting over all phases.
    """

    def __init__(self, layout: LanesLayout, process: str, block: Block, bells: Sequence[int], spins: bool) -> None:
        assert len(bells) == len(layout.processes) and block.size_bytes >= layout.size_bytes
        self._layout, self._process, self._block = layout, process, block
        self._bells = {
            name: Bell(bell, block.words, layout.sleeping(name)) for name, bell in zip(layout.processes, bells, strict=True)
        }
        own = layout.sleeping(process)
        self.waiter = Waiter(bells[layout.processes.index(process)], block.words, own, spins)
        self._lanes: dict[Key, Lane] = {}
        self._given: list[tuple[Message, int, SendingEnd]] = []

    def lane(self, message: Message) -> Lane:
        """The lane of a message that a role of this process gives or takes; its step does not matter."""
        return self._lane(self._layout.way(message))

    def state_lane(self, receiver: str) -> Lane | None:
        """The lane on which a worker gets layers' state from the first worker of its stage, before an evaluation; one part for
        each buffer of state of its role. None where there is no state, or for the first worker itself."""
        way = self._layout.state_way(receiver)
        return None if way is None else self._lane(way)

    def peer(self, message: Message) -> str:
        """The process at the other end of a message's lane; this one itself where the lane does not leave it."""
        sender, receiver = (self._layout.process_of(role) for role in (message.sender, message.receiver))
        return receiver if sender == self._process else sender

    def moved_bytes(self, training: bool = True) -> dict[str, int]:
        """What this process's messages to other processes have stood for, by kind of link, in training or else in evaluations."""
        found = Counter(dict.fromkeys(LINKS.values(), 0))
        for message, size_bytes, end in self._given:
            if (message.phase == "train") == training:
                found[LINKS[message.what]] += end.posted * size_bytes
        return dict(found)

    def _lane(self, way: Way) -> Lane:
        if way.key not in self._lanes:
            self._lanes[way.key] = self._made(way)
        return self._lanes[way.key]

    def _made(self, way: Way) -> Lane:
        sender, receiver = (self._layout.process_of(role) for role in (way.key.sender, way.key.receiver))
        assert self._process in (sender, receiver), f"{way.key} is none of {self._process}'s"
        if way.within:
            return LocalLane(lambda parts: None)
        if receiver == self._process:
            return ReceivingEnd(self._block, way.ring, self._bells[sender])
        end = SendingEnd(self._block, way.ring, self._bells[receiver])
        if not isinstance(way.key, StateOf):
            self._given.append((way.key, way.stands_for_bytes, end))
        return end
