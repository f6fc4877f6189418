"""One worker of a group: it does with real numbers what its state machine says. Decides nothing; knows no file and no socket."""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

import numpy as np

from singalang_runtime.group.feeding import Batches, Rows, rows_of, rows_of_all
from singalang_runtime.group.freeing import worker_freeing
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.moving import Getting, Giving, Part, getting, giving
from singalang_runtime.group.plane import Plane
from singalang_runtime.group.records import phase_of
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.sharing import Stretch, gradient_of, shared
from singalang_runtime.group.shelf import Key, Prepared, Shelf
from singalang_runtime.protocol.events import Phase
from singalang_runtime.protocol.group import worker_name
from singalang_runtime.protocol.schedule import GATHER_STEPS
from singalang_runtime.protocol.steps import ClearGradients, Combine, Message, Post, RunCall, TakeFields

Array: TypeAlias = np.ndarray[Any, Any]
Work: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine
_STEP, _METRICS = ("step", 0), ("metrics", 0)


class Member:
    """Worker `number` of a group in one train section.

    `batches`: where it takes fields from, by phase; `passed`: batches of the evaluation that came before those that its state
    machine does now. `totals`, (metrics, 2) in 64 bits, are weighted sums and weights since they were last read, without what
    still lies on the device.
    """

    def __init__(self, setting: Setting, number: int, plane: Plane, ledger: Ledger) -> None:
        self.setting, self.number, self.name = setting, number, worker_name(number)
        self.position, self.stage = setting.view.position_of(number), setting.view.stage_of(number)
        self.role = setting.view.role_of(number)
        self.shelf = Shelf(self.name, ledger, {one.name: one.slots for one in self.role.arrays})
        self.batches: dict[str, Batches] = {}
        self.passed = 0
        self.totals = setting.no_sums.astype(np.float64)
        self._plane = plane
        self._aside = self.totals, setting.no_sums
        self._calls: dict[tuple[str, int], Prepared] = {}
        self._givings: dict[tuple[str, str, bool], Giving] = {}
        self._gettings: dict[tuple[str, str, bool], Getting] = {}
        self._fields = {phase: self._wanted(phase) for phase in ("train", *self.role.evaluate)}
        self._shares: dict[str, tuple[Stretch, ...]] = {
            name: shared(self.role, self.position, segments) for name, segments in setting.slices.items()
        }
        self._trained = [buffer for buffer in self.role.parameters if buffer.name in self.role.trained]
        self._freeing = {phase: worker_freeing(setting.view, number, phase) for phase in self._fields}
        self._give_what_stays()

    def do(self, work: Work, phase: Phase) -> None:
        """Does what the state machine says, which is in a step or an evaluation."""
        self._do(work)
        self.shelf.drop(self._freeing[phase].after())

    def _do(self, work: Work) -> None:
        match work:
            case RunCall(call, step, micro):
                self._run(call, step, micro)
            case Post(message):
                self._plane.post(message, self._payload(message))
            case Combine(what="block"):
                self._get_block(work)
            case Combine():
                self._get_values(work)
            case TakeFields(phase, step, micro):
                self._take_fields(phase, step, micro)
            case ClearGradients():
                for buffer in self._trained:
                    self.shelf.put((gradient_of(buffer.name), 0), np.zeros(buffer.size, self.setting.dtype))
            case _:
                assert_never(work)

    def begin_evaluation(self, phase: Phase, batches: Batches) -> None:
        """Puts what training measured aside."""
        self.batches[phase], self.passed = batches, 0
        self._aside = self.totals, np.array(self.sums())
        self.totals = self.setting.no_sums.astype(np.float64)
        self.clear_sums()

    def pass_by(self, batches: int) -> None:
        """So many batches of the evaluation are done. Sums of 32 bits lose digits in long ones, so they are gathered in between."""
        if batches // GATHER_STEPS > self.passed // GATHER_STEPS:
            self.gather()
        self.passed = batches

    def end_evaluation(self) -> Array:
        """What the evaluation measured. Waits for the device; what training measured is there again."""
        measured = self.measured()
        self.totals, sums = self._aside
        self.shelf.drop((("weights@batch", 0), ("weights@whole", 0)))
        self.clear_sums(sums)
        return measured

    def gather(self) -> None:
        """Adds the metrics that lie on the device to the totals, and begins new sums there. Waits for the device."""
        self.totals = self.measured()
        self.clear_sums()

    def measured(self) -> Array:
        """The totals, with the sums that still lie on the device. Waits for the device."""
        return self.totals + self.shelf.read(_METRICS).astype(np.float64)

    def sums(self) -> Array:
        """The sums that lie on the device. Waits for it."""
        return self.shelf.read(_METRICS)

    def clear_sums(self, sums: Array | None = None) -> None:
        """Begins new sums on the device, at 0 or at these."""
        start = self.setting.no_sums if sums is None else sums
        self.shelf.put(_METRICS, self.setting.put(np.array(start, self.setting.no_sums.dtype)))

    def _give_what_stays(self) -> None:
        shelf, setting = self.shelf, self.setting
        shelf.give(("position", 0), np.int32(self.position))
        for phase, key in setting.keys.items():
            shelf.give((f"key/{phase}", 0), key)
        for name, array in setting.constants.items():
            shelf.give((name, 0), array)
        for phase in ("train", *self.role.evaluate):
            for micro in range(setting.group.micro_batches if phase == "train" else 1):
                first, _ = rows_of(setting.group, phase, self.position, micro)
                shelf.give((f"first/{phase}", micro), np.int32(first))

    def _run(self, call: str, step: int, micro: int) -> None:
        prepared = self._calls.get((call, micro))
        if prepared is None:
            prepared = self._calls[call, micro] = self._prepare(call, micro)
        self.shelf.give(_STEP, np.int32(step))
        self.shelf.run(prepared)

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

    def _wanted(self, phase: str) -> dict[str, tuple[int, str]]:
        """The arrays of fields that the calls of a phase take: for each the field's place in the feed, and how its rows lie."""
        names = self.setting.feed.names
        calls = [record for call, record in self.role.calls.items() if phase_of(call) == phase]
        parts = {name: name.rpartition("@") for record in calls for name in record.inputs}
        return {name: (names.index(field), rows) for name, (field, _, rows) in parts.items() if field in names}

    def _take_fields(self, phase: str, step: int, micro: int) -> None:
        taken = self.batches[phase].take(step if phase == "train" else self.passed + step)
        rows = self._rows(phase, micro)
        for name, (place, lying) in self._fields[phase].items():
            first, end = rows[lying]
            self.shelf.put(self.shelf.key(name, micro), taken.arrays[place][first:end])
        if taken.weights is not None:
            for lying, (first, end) in rows.items():
                self.shelf.put((f"weights@{lying}", 0), taken.weights[first:end].astype(self.setting.no_sums.dtype, copy=False))

    def _rows(self, phase: str, micro: int) -> dict[str, Rows]:
        group = self.setting.group
        return {"batch": rows_of(group, phase, self.position, micro), "whole": rows_of_all(group, phase, micro)}

    def _payload(self, message: Message) -> Array:
        """What a message stands for: a view where it lies in one place."""
        if message.what == "block":
            given, part = self._giving(message)
            return self.shelf.read(self.shelf.key(given.array, message.micro))[part]
        gradients = [self.shelf.read((gradient_of(one.buffer), 0))[one.first : one.end] for one in self._shares[message.receiver]]
        return gradients[0] if len(gradients) == 1 else np.concatenate(gradients)

    def _giving(self, message: Message) -> tuple[Giving, Part]:
        way = message.phase, message.name, message.back
        if way not in self._givings:
            connection = self.setting.view.connection(message.phase, message.name)
            self._givings[way] = giving(connection, self.position, message.back)
        given = self._givings[way]
        return given, given.parts[self.setting.position_of(message.receiver)]

    def _get_block(self, combined: Combine) -> None:
        way = combined.phase, combined.name, combined.back
        if way not in self._gettings:
            connection = self.setting.view.connection(combined.phase, combined.name)
            self._gettings[way] = getting(connection, self.position, combined.back)
        got = self._gettings[way]
        parts = {self.setting.position_of(message.sender): self._plane.take(message) for message in combined.messages}
        if got.own is not None:
            name, part = got.own
            parts[self.position] = self.shelf.read(self.shelf.key(name, combined.micro))[part]
        self.shelf.put(self.shelf.key(got.array, combined.micro), got.join(parts))

    def _get_values(self, combined: Combine) -> None:
        """Takes over the servers' new values: every element of what learns is in one server's slice."""
        buffers = {buffer.name: np.empty(buffer.size, self.setting.dtype) for buffer in self._trained}
        for message in combined.messages:
            values, offset = self._plane.take(message), 0
            for one in self._shares[message.sender]:
                buffers[one.buffer][one.first : one.end] = values[offset : offset + one.size]
                offset += one.size
        for name, array in buffers.items():
            self.shelf.put((name, 0), array)
