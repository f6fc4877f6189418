"""One server of a group: its slice of the parameters, and what its state machine says done with real numbers. Decides nothing."""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

import numpy as np

from singalang_compiler.liveness import GRADIENT, SQUARES
from singalang_compiler.plan_group import SliceSegment
from singalang_runtime.group.freeing import server_freeing
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.plane import Plane
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.sharing import Stretch, shared
from singalang_runtime.group.shelf import Prepared, Shelf
from singalang_runtime.protocol.group import server_name
from singalang_runtime.protocol.steps import ClearGradients, Combine, Message, Post, RunCall, TakeFields

Array: TypeAlias = np.ndarray[Any, Any]
Work: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine
VALUE = "value"
"""The name of the array that holds the values of a server's slice."""


class Serving:
    """Server `number` of a group in one train section. Its arrays are as long as the plan says; behind the slice stands 0."""

    def __init__(self, setting: Setting, number: int, plane: Plane, ledger: Ledger) -> None:
        self.setting, self.number, self.name = setting, number, server_name(number)
        self.segments: tuple[SliceSegment, ...] = setting.slices[self.name]
        self.shelf = Shelf(self.name, ledger, {})
        self.size = setting.group.servers[number].size
        self._plane = plane
        self._calls: dict[str, Prepared] = {}
        self._shares: dict[str, tuple[Stretch, ...]] = {}
        self._freeing = server_freeing(setting.view, number)
        self._scale()

    def do(self, work: Work) -> None:
        """Does what the state machine says."""
        self._do(work)
        self.shelf.drop(self._freeing.after())

    def _do(self, work: Work) -> None:
        match work:
            case RunCall(call, step, _):
                self._run(call, step)
            case Post(message):
                self._plane.post(message, self._payload(message))
            case Combine(what="gradient"):
                self._collect(work)
            case Combine(what="square"):
                self._add_squares(work)
            case Combine() | TakeFields() | ClearGradients():
                raise AssertionError(f"{self.name} does not {work}")
            case _:
                assert_never(work)

    def _scale(self) -> None:
        """The factors of learning rate and weight decay, by element of the slice, as far as kernels take them."""
        taken = {name for call in self.setting.group.server_calls.values() for name in call.inputs}
        for name in sorted(taken.intersection(("lr_scale", "wd_scale"))):
            array = np.zeros(self.size, self.setting.dtype)
            offset = 0
            for one in self.segments:
                array[offset : offset + one.size] = getattr(self.setting.stored[one.parameter], name)
                offset += one.size
            self.shelf.put((name, 0), self.setting.put(array))

    def _run(self, call: str, step: int) -> None:
        prepared = self._calls.get(call)
        if prepared is None:
            record = self.setting.group.server_calls[call]
            inputs, outputs = (tuple((name, 0) for name in names) for names in (record.inputs, record.outputs))
            prepared = self._calls[call] = Prepared.of(self.setting.kernels[record.kernel], inputs, outputs)
        self.shelf.give(("step", 0), np.int32(step))
        self.shelf.run(prepared)

    def _payload(self, message: Message) -> Array:
        if message.what == "square":
            return self.shelf.read((SQUARES, 0))
        values = self.shelf.read((VALUE, 0))
        parts = [values[one.offset : one.offset + one.size] for one in self._share(message.receiver)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _share(self, worker: str) -> tuple[Stretch, ...]:
        if worker not in self._shares:
            number = int(worker.removeprefix("worker-"))
            view = self.setting.view
            self._shares[worker] = shared(view.role_of(number), view.position_of(number), self.segments)
        return self._shares[worker]

    def _collect(self, combined: Combine) -> None:
        """Adds the workers' gradients in the order of the messages; with exact sums those of each shard, then in a tree."""
        sums: dict[int, Array] = {}
        for message in combined.messages:
            shard = message.micro if combined.shards else 0
            array = sums.setdefault(shard, np.zeros(self.size, self.setting.dtype))
            given, first = self._plane.take(message), 0
            for one in self._share(message.sender):
                array[one.offset : one.offset + one.size] += given[first : first + one.size]
                first += one.size
        self.shelf.put((GRADIENT, 0), added([sums[shard] for shard in sorted(sums)]))

    def _add_squares(self, combined: Combine) -> None:
        """Adds the square sums of all servers, its own among them, in the order of servers."""
        squares = {message.sender: self._plane.take(message) for message in combined.messages}
        squares[self.name] = self.shelf.read((SQUARES, 0))
        order = [server_name(number) for number in range(len(self.setting.group.servers))]
        total = sum(squares[name] for name in order if name in squares)
        self.shelf.put((SQUARES, 0), np.asarray(total, self.setting.dtype))


def added(arrays: list[Array]) -> Array:
    """The sum of arrays by a binary tree: neighbours are added until one is left, so that it depends on their order alone."""
    while len(arrays) > 1:
        pairs = [left + right for left, right in zip(arrays[::2], arrays[1::2], strict=False)]
        arrays = [*pairs, *arrays[len(arrays) & ~1 :]]
    return arrays[0]
