"""One server of a group: its slice of the parameters, and what its state machine says done with real numbers. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.liveness import GRADIENT, SQUARES
from singalang_compiler.plan_group import RunStep, SliceSegment
from singalang_runtime.group import whole
from singalang_runtime.group.bound import Bound, Do, Walk, after, nothing, when_all
from singalang_runtime.group.collecting import Collecting
from singalang_runtime.group.freeing import server_freed
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.group.parameter_blocks import ParameterBlocks
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.sharing import Stretch, shared
from singalang_runtime.group.shelf import Prepared, Shelf
from singalang_runtime.group.whole import VALUE
from singalang_runtime.plane.port import Plane
from singalang_runtime.protocol.exchanges import Act, Await, Give, server_acts
from singalang_runtime.protocol.group import server_name
from singalang_runtime.protocol.steps import ClearGradients, Combine, Message, Post, RunCall, TakeFields

Array: TypeAlias = np.ndarray[Any, Any]
Work: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine


class Serving:
    """Server `number` of a group in one train section. Its arrays are as long as the plan says; behind the slice stands 0."""

    def __init__(self, setting: Setting, number: int, plane: Plane, blocks: ParameterBlocks, ledger: Ledger | None) -> None:
        self.setting, self.number, self.name = setting, number, server_name(number)
        self.segments: tuple[SliceSegment, ...] = setting.slices[self.name]
        self.shelf = Shelf(self.name, ledger, {})
        self.size = setting.group.servers[number].size
        self._plane, self._blocks = plane, blocks
        self._freed = server_freed(setting.view, number)
        self._walk: Walk | None = None
        self._scale()

    def bind(self, act: Act) -> Bound:
        """An instruction of its program."""
        bound = self._bind(act)
        keys = self._freed.get(act)
        return Bound(bound.ready, after(bound.do, self.shelf.freeing(keys))) if keys else bound

    def do(self, work: Work) -> None:
        """Does what the state machine says."""
        if self._walk is None:
            self._walk = Walk(self._program())
        self._walk.follow(work.step if isinstance(work, RunCall) else 0)

    @property
    def updater_bytes(self) -> int:
        """Bytes of its updater's state."""
        slots = [(f"slots/{slot}", 0) for slot in self.setting.group.slots]
        return sum(self.shelf.read(key).nbytes for key in slots if key in self.shelf.arrays)

    def place(self, tensors: Mapping[str, Array]) -> None:
        """Takes its parts of the tensors, which go by key."""
        for name, array in whole.parts_of(self.setting.shares, self.name, tensors):
            self.shelf.put((name, 0), self.setting.put(array))

    def told(self) -> dict[str, Array]:
        """What a checkpoint is to hold of it. Views; waits for the device."""
        return {name: self.shelf.read((name, 0)) for name in whole.wanted_of(self.setting.shares, self.name)}

    def _scale(self) -> None:
        """The factors of learning rate and weight decay, by element of the slice, as far as kernels take them."""
        taken = {name for call in self.setting.group.server_calls.values() for name in call.inputs}
        for name in sorted(taken.intersection(("lr_scale", "wd_scale"))):
            array = np.zeros(self.size, self.setting.dtype)
            offset = 0
            for one in self.segments:
                array[offset : offset + one.size] = getattr(self.setting.shares.stored[one.parameter], name)
                offset += one.size
            self.shelf.put((name, 0), self.setting.put(array))

    def _program(self) -> Iterator[tuple[int, Bound]]:
        """Its acts, each with the number of instructions that it becomes."""
        for act in server_acts(self.setting.view, self.number):
            yield len(act.messages) if isinstance(act, Give) else 1, self.bind(act)

    def _bind(self, act: Act) -> Bound:
        match act:
            case RunStep(call=call):
                return Bound(None, self._running(call))
            case Give(messages=()):
                return Bound(None, nothing)
            case Give(messages=(first, *_)):
                return self._giving_square(act) if first.what == "square" else self._publishing(act)
            case Await(place) if place.what == "gradient":
                return self._collecting(act)
            case Await():
                return self._adding_squares(act)
            case _:
                raise AssertionError(f"{self.name} has {act} in its program")

    def _running(self, call: str) -> Do:
        record = self.setting.group.server_calls[call]
        kernel = self.setting.kernels[record.kernel]
        assert not any(one.donated for name, one in zip(record.inputs, kernel.record.inputs, strict=True) if name == GRADIENT)
        inputs, outputs = (tuple((name, 0) for name in names) for names in (record.inputs, record.outputs))
        return self.shelf.running(Prepared.of(kernel, inputs, outputs))

    def _collecting(self, act: Await) -> Bound:
        """Adds the workers' gradients in the order of the messages; with exact sums those of each shard, then in a tree."""
        lanes = [self._plane.lane(message) for message in act.messages]
        takes, releases = [lane.take for lane in lanes], [lane.release for lane in lanes]
        shards = [message.micro if act.shards else 0 for message in act.messages]
        gradient = kept(aligned((self.size,), self.setting.dtype))
        collect = Collecting(gradient.array, [self._share(message) for message in act.messages], shards)
        settle, put = self.shelf.settle, self.shelf.put

        def add(step: int) -> None:
            settle()
            collect([take() for take in takes])
            for release in releases:
                release()
            put((GRADIENT, 0), gradient.given())

        return Bound(when_all([lane.arrived for lane in lanes]), add)

    def _share(self, message: Message) -> tuple[Stretch, ...]:
        """What a worker that sends has of the slice."""
        worker, view = int(message.sender.removeprefix("worker-")), self.setting.view
        return shared(view.role_of(worker), view.position_of(worker), self.segments)

    def _publishing(self, act: Give) -> Bound:
        """Writes the new values where workers read them, and says so to all of these."""
        lanes = [self._plane.lane(message) for message in act.messages]
        posts, arrays, write = [lane.post for lane in lanes], self.shelf.arrays, self._blocks.writing(self.number)

        def publish(step: int) -> None:
            write(np.asarray(arrays[VALUE, 0]))
            for post in posts:
                post(())

        return Bound(when_all([lane.room for lane in lanes]), publish)

    def _giving_square(self, act: Give) -> Bound:
        lanes = [self._plane.lane(message) for message in act.messages]
        posts, arrays = [lane.post for lane in lanes], self.shelf.arrays

        def give(step: int) -> None:
            own = (np.asarray(arrays[SQUARES, 0]),)
            for post in posts:
                post(own)

        return Bound(when_all([lane.room for lane in lanes]), give)

    def _adding_squares(self, act: Await) -> Bound:
        """Adds the square sums of all servers, its own among them, in the order of servers."""
        lanes = {message.sender: self._plane.lane(message) for message in act.messages}
        order = [server_name(number) for number in self.setting.view.active_servers]
        takes = [lanes[name].take if name != self.name else None for name in order]
        releases, arrays, put, dtype = (
            [lane.release for lane in lanes.values()],
            self.shelf.arrays,
            self.shelf.put,
            self.setting.dtype,
        )

        def add(step: int) -> None:
            squares = [np.asarray(arrays[SQUARES, 0]) if take is None else take()[0] for take in takes]
            put((SQUARES, 0), np.asarray(sum(squares), dtype))
            for release in releases:
                release()

        return Bound(when_all([lane.arrived for lane in lanes.values()]), add)
