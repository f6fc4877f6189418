"""The program of a worker, instruction by instruction, bound to its arrays and to the lanes of its messages. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, assert_never

import numpy as np

from singalang_compiler.plan_group import ClearStep, FeedStep, RunStep, SendStep
from singalang_runtime.group.bound import Bound, Do, nothing, when_all
from singalang_runtime.group.feeding import Supply
from singalang_runtime.group.memory import Kept, aligned, kept
from singalang_runtime.group.moving import Getting, getting, giving
from singalang_runtime.group.records import phase_of
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.sharing import gradient_of, shared
from singalang_runtime.group.shelf import Key, Prepared, Shelf
from singalang_runtime.kernels import held_as, on_host
from singalang_runtime.plane.port import Lane, Parts, Plane
from singalang_runtime.protocol.events import Phase
from singalang_runtime.protocol.exchanges import Act, Await, Give

Array: TypeAlias = np.ndarray[Any, Any]


class WorkerActs:
    """The acts of worker `number`. `take_parameters` puts the values that parameters have now on the shelf, where the device does
    not read them as they lie in memory."""

    def __init__(
        self,
        setting: Setting,
        number: int,
        shelf: Shelf,
        plane: Plane,
        supplies: Mapping[Phase, Supply],
        take_parameters: Callable[[], None],
    ) -> None:
        self.setting, self.number, self.shelf = setting, number, shelf
        self.position, self.role = setting.view.position_of(number), setting.view.role_of(number)
        self._plane, self._supplies, self._take_parameters = plane, supplies, take_parameters
        self._trained = [buffer for buffer in self.role.parameters if buffer.name in self.role.trained]
        self._given_on, self._overwritten = self._passed_on(), self._donated()
        self._lasting: dict[tuple[Key, tuple[int, ...]], Kept] = {}
        parameters = {buffer.name for buffer in self.role.parameters}
        assert not parameters & self._overwritten, "kernels of workers leave parameters alone"

    def bind(self, act: Act, phase: Phase) -> Bound:
        """An act of the program of a phase."""
        match act:
            case RunStep(call=call, micro=micro):
                return Bound(None, self.shelf.running(self._prepare(call, micro)))
            case FeedStep(micro=micro):
                return Bound(None, self._feeding(phase, micro))
            case ClearStep():
                return Bound(None, self._clearing())
            case Give(messages=()):
                return Bound(None, nothing)
            case Give():
                return self._giving(act)
            case Await(place) if place.what == "block":
                return self._getting(act)
            case Await():
                return self._pulling(act)
            case _:
                assert_never(act)

    def _prepare(self, call: str, micro: int) -> Prepared:
        record = self.role.calls[call]
        kernel = self.setting.kernels[record.kernel]
        phase = phase_of(call)
        inputs = tuple(self._key(name, phase, micro) for name in record.inputs)
        return Prepared.of(kernel, inputs, tuple(self.shelf.key(name, micro) for name in record.outputs))

    def _key(self, name: str, phase: str, micro: int) -> Key:
        """Where an input of a call lies."""
        match name:
            case "key":
                return f"key/{phase}", 0
            case "first":
                return f"first/{phase}", micro
            case _:
                return self.shelf.key(name, micro)

    def _feeding(self, phase: Phase, micro: int) -> Do:
        """Has the fields of a micro-batch ready under their names."""
        supplies, key, dtype, put = self._supplies, self.shelf.key, self.setting.no_sums.dtype, self.shelf.put
        put_fields = put if self.shelf.waits else self._put_in_place

        def feed(number: int) -> None:
            arrays, weights = supplies[phase].take(number, micro)
            for name, array in arrays.items():
                put_fields(key(name, micro), array)
            for lying, array in weights.items():
                put((f"weights@{lying}", 0), array.astype(dtype, copy=False))

        return feed

    def _put_in_place(self, key: Key, array: Array) -> None:
        """Puts an array in its place, in memory that no kernel reads any more: JAX is slow to take one from anywhere else."""
        if self._may_stay(key):
            memory = self._memory(key, array.shape, array.dtype)
            memory.array[...] = array
            self.shelf.put(key, memory.given())
        else:
            self.shelf.put(key, array)

    def _may_stay(self, key: Key) -> bool:
        """Whether an array may lie in the same memory each time: nobody else gets a part of it, and no kernel overwrites it."""
        return key[0] not in self._given_on and key[0] not in self._overwritten

    def _memory(self, key: Key, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kept:
        """The memory of an array, made when it is first needed."""
        place = key, shape
        if place not in self._lasting:
            self._lasting[place] = kept(aligned(shape, held_as(dtype)))
        return self._lasting[place]

    def _clearing(self) -> Do:
        """Sets the gradients to 0."""
        zeros = [((gradient_of(buffer.name), 0), np.zeros(buffer.size, self.setting.dtype)) for buffer in self._trained]
        put = self.shelf.put

        def clear(step: int) -> None:
            for key, array in zeros:
                put(key, array)

        return clear

    def _giving(self, act: Give) -> Bound:
        """Gives the parts of an array, or the gradients, to all who need them."""
        lanes = [self._plane.lane(message) for message in act.messages]
        ready = when_all([lane.room for lane in lanes])
        first = act.messages[0]
        if first.what == "gradient":
            return Bound(ready, self._pushing(act, [lane.post for lane in lanes]))
        given = giving(self.setting.view.connection(first.phase, first.name), self.position, first.back)
        parts = [given.parts[self.setting.view.position_of(_number(message.receiver))] for message in act.messages]
        key, posts, arrays = self.shelf.key(given.array, first.micro), [lane.post for lane in lanes], self.shelf.arrays
        targets = tuple(zip(posts, parts, strict=True))

        def give(step: int) -> None:
            array = np.asarray(arrays[key])
            for post, part in targets:
                post((array[part],))

        return Bound(ready, give)

    def _pushing(self, act: Give, posts: list[Callable[[Parts], None]]) -> Do:
        """Gives every server its part of the gradients. When they have it, new parameters may come: so no kernel may still run."""
        names = [gradient_of(buffer.name) for buffer in self._trained]
        keys, arrays, settle = [(name, 0) for name in names], self.shelf.arrays, self.shelf.settle
        ways = []
        for message, post in zip(act.messages, posts, strict=True):
            stretches = shared(self.role, self.position, self.setting.slices[message.receiver])
            parts = tuple((names.index(gradient_of(one.buffer)), slice(one.first, one.end)) for one in stretches)
            ways.append((post, parts))

        def push(step: int) -> None:
            settle()
            gradients = [np.asarray(arrays[key]) for key in keys]
            for post, parts in ways:
                post([gradients[number][elements] for number, elements in parts])

        return push

    def _getting(self, act: Await) -> Bound:
        """Puts an array together from what others gave, and what the worker has itself."""
        place, view = act.place, self.setting.view
        got = getting(view.connection(place.phase, place.name), self.position, place.back)
        lanes = {view.position_of(_number(message.sender)): self._plane.lane(message) for message in act.messages}
        takes = [self._taking(lanes[position]) if position in lanes else self._keeping(got, place.micro) for position in got.parts]
        releases = [lane.release for lane in lanes.values()]
        target = self._target(got, self.shelf.key(got.array, place.micro))

        def get(step: int) -> None:
            target([take() for take in takes])
            for release in releases:
                release()

        return Bound(when_all([lane.arrived for lane in lanes.values()]), get)

    def _taking(self, lane: Lane) -> Callable[[], Array]:
        """What takes a block from a lane."""
        take = lane.take
        return lambda: take()[0]

    def _keeping(self, got: Getting, micro: int) -> Callable[[], Array]:
        """What takes the worker's own part."""
        assert got.own is not None, f"nobody gives a part of {got.array}"
        name, part = got.own
        key, arrays = self.shelf.key(name, micro), self.shelf.arrays
        return lambda: np.asarray(arrays[key])[part]

    def _target(self, got: Getting, key: Key) -> Callable[[Sequence[Array]], None]:
        """What puts parts together where an array lies: in memory that stays the same, if nobody gives it on or overwrites it."""
        put, settle = self.shelf.put, self.shelf.settle
        if not self._may_stay(key):

            def put_new(given: Sequence[Array]) -> None:
                array = np.empty(got.shape, got.dtype)
                got.joining(array)(given)
                put(key, array)

            return put_new
        memory = self._memory(key, got.shape, got.dtype)
        join = got.joining(memory.array)

        def put_again(given: Sequence[Array]) -> None:
            settle()
            join(given)
            put(key, memory.given())

        return put_again

    def _pulling(self, act: Await) -> Bound:
        """Hears that new parameters are there."""
        lanes = [self._plane.lane(message) for message in act.messages]
        signals = tuple((lane.take, lane.release) for lane in lanes)
        refresh = None if on_host() else self._take_parameters

        def pull(step: int) -> None:
            for take, release in signals:
                take()
                release()
            if refresh is not None:
                refresh()

        return Bound(when_all([lane.arrived for lane in lanes]), pull)

    def _donated(self) -> set[str]:
        """Names of the arrays that some call overwrites."""
        found: set[str] = set()
        for record in self.role.calls.values():
            arguments = self.setting.kernels[record.kernel].record.inputs
            found |= {name for name, argument in zip(record.inputs, arguments, strict=True) if argument.donated}
        return found

    def _passed_on(self) -> set[str]:
        """Names of the arrays that the worker gives parts of."""
        found: set[str] = set()
        for phase in ("train", *self.role.evaluate):
            for step in self.setting.view.program(self.number, phase):
                if isinstance(step, SendStep):
                    connection = self.setting.view.connection(phase, step.connection)
                    found.add(giving(connection, self.position, step.back).array)
        return found


def _number(role: str) -> int:
    return int(role.rpartition("-")[2])
