"""The programs of a group carried out as they stand in its record, without the machines: each role is a Python generator that stops
where it needs what is not there. What the machines come to must be the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from singalang_compiler.geometry import blocks
from singalang_compiler.plan_group import (
    ClearStep,
    CollectStep,
    FeedStep,
    GroupRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)
from tests.runtime.protocol.symbols import Symbols

Key = tuple[object, ...]


class Straight:
    """A group's steps from 0 on. `stories[role, step]`: what a role has come to when `step` steps are done."""

    def __init__(self, group: GroupRecord, symbols: Symbols, steps: int) -> None:
        self.group, self.symbols, self.steps = group, symbols, steps
        self.width = group.workers // group.stages
        self.given: dict[Key, int] = {}
        self.stories: dict[tuple[str, int], int] = {}
        self.now: dict[str, int] = {}
        self.slices = [group.segments_of(server) for server in group.servers]
        self.servers = servers = [number for number, segments in enumerate(self.slices) if segments]
        going = [self._worker(number) for number in range(group.workers)] + [self._server(number) for number in servers]
        waiting: list[tuple[Iterator[Key], Key | None]] = [(role, None) for role in going]
        while waiting:
            left = [(role, wanted) for role, wanted in waiting if wanted is not None and wanted not in self.given]
            assert len(left) < len(waiting), f"nobody can go on: {[wanted for _, wanted in left]}"
            ready = [role for role, wanted in waiting if wanted is None or wanted in self.given]
            waiting = [*left, *((role, wanted) for role in ready if (wanted := next(role, None)) is not None)]

    def _tell(self, role: str, *story: object) -> None:
        self.now[role] = self.symbols.of(self.now[role], *story)

    def _worker(self, number: int) -> Iterator[Key]:
        own = f"worker-{number}"
        self.now[own] = self.symbols.of(own)
        program = next(role.step for role in self.group.roles if number in role.workers)
        for step in range(self.steps):
            self.stories[own, step] = self.now[own]
            for one in program:
                yield from self._worker_step(number, step, one)
        self.stories[own, self.steps] = self.now[own]

    def _worker_step(self, number: int, step: int, one: WorkerStep) -> Iterator[Key]:
        own = f"worker-{number}"
        match one:
            case FeedStep(micro=micro):
                self._tell(own, "fields", "train", step, micro)
            case RunStep(call=call, micro=micro):
                self._tell(own, "run", call, step, micro)
            case ClearStep():
                self._tell(own, "clear")
            case SendStep(connection=name, micro=micro, back=back):
                for giver, taker in self._pairs(name, back):
                    if giver == number:
                        self.given["block", giver, taker, name, back, step, micro] = self.now[own]
            case ReceiveStep(connection=name, micro=micro, back=back):
                keys: list[Key] = [
                    ("block", giver, taker, name, back, step, micro) for giver, taker in self._pairs(name, back) if taker == number
                ]
                yield from keys
                self._tell(own, "block", name, "train", micro, back, 0, *(self.given[key] for key in keys))
            case PushStep(micro=micro):
                each = self.group.shards // self.width
                shard = number % self.width * each + (micro or 0) if each else 0
                for server in self._servers_of(number):
                    self.given["gradient", number, server, shard, step] = self.now[own]
            case PullStep():
                keys = [("values", server, number, step) for server in self._servers_of(number)]
                yield from keys
                self._tell(own, "values", "", "train", 0, False, 0, *(self.given[key] for key in keys))
            case _:
                assert_never(one)

    def _pairs(self, name: str, back: bool) -> list[tuple[int, int]]:
        """Who gives whom, in the order in which it is put together."""
        [one] = [one for one in self.group.connections if one.name == name and one.phase == "train"]
        found = set()
        for block in blocks(one.extent, one.source, one.target):
            giver, taker = one.source_stage * self.width + block.source, one.target_stage * self.width + block.target
            found |= {(taker, giver) if back else (giver, taker)} if giver != taker else set()
        return sorted(found)

    def _holders(self, server: int) -> list[int]:
        stored = {one.name: one for one in self.group.stored}
        found = set()
        for segment in self.slices[server]:
            for stage in stored[segment.parameter].stages:
                positions = range(self.width) if segment.position is None else [segment.position]
                found |= {stage * self.width + position for position in positions}
        return sorted(found)

    def _servers_of(self, worker: int) -> list[int]:
        return [server for server in self.servers if worker in self._holders(server)]

    def _server(self, number: int) -> Iterator[Key]:
        own = f"server-{number}"
        self.now[own] = self.symbols.of(own)
        for step in range(self.steps):
            self.stories[own, step] = self.now[own]
            for one in self.group.server_step:
                yield from self._server_step(number, step, one)
        self.stories[own, self.steps] = self.now[own]

    def _server_step(self, number: int, step: int, one: ServerStep) -> Iterator[Key]:
        own = f"server-{number}"
        match one:
            case CollectStep():
                shards = self.group.shards
                each = max(1, shards // self.width)
                keys: list[Key] = [
                    ("gradient", worker, number, shard, step)
                    for shard in range(max(1, shards))
                    for worker in self._holders(number)
                    if not shards or worker % self.width == shard // each
                ]
                yield from keys
                self._tell(own, "gradient", "", "train", 0, False, shards, *(self.given[key] for key in keys))
            case NormStep():
                others = [server for server in self.servers if server != number]
                for server in others:
                    self.given["square", number, server, step] = self.now[own]
                keys = [("square", server, number, step) for server in others]
                yield from keys
                self._tell(own, "square", "", "train", 0, False, 0, *(self.given[key] for key in keys))
            case RunStep(call=call, micro=micro):
                self._tell(own, "run", call, step, micro)
            case PublishStep():
                for worker in self._holders(number):
                    self.given["values", number, worker, step] = self.now[own]
            case _:
                assert_never(one)
