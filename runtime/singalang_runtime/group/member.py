"""One worker of a group: it does with real numbers what its state machine says. Decides nothing; knows no file and no socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.group import whole
from singalang_runtime.group.bound import Bound, Walk, after
from singalang_runtime.group.feeding import Supply, wanted_of
from singalang_runtime.group.freeing import worker_freed
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.memory import kept
from singalang_runtime.group.parameter_blocks import ParameterBlocks
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.shelf import Shelf
from singalang_runtime.group.tensors import filled, tensors_in
from singalang_runtime.group.whole import SUMS, TOTALS
from singalang_runtime.group.worker_acts import WorkerActs
from singalang_runtime.plane.port import Parts, Plane
from singalang_runtime.protocol.events import Phase
from singalang_runtime.protocol.exchanges import Act, Give, worker_acts
from singalang_runtime.protocol.group import worker_name
from singalang_runtime.protocol.schedule import GATHER_STEPS
from singalang_runtime.protocol.steps import ClearGradients, Combine, Post, RunCall, TakeFields

Array: TypeAlias = np.ndarray[Any, Any]
Work: TypeAlias = TakeFields | RunCall | ClearGradients | Post | Combine
_METRICS = ("metrics", 0)


class Member:
    """Worker `number` of a group in one train section.

    `supplies`: where it takes fields from, by phase; `passed`: batches of the evaluation that came before those that its state
    machine does now. `totals`, (metrics, 2) in 64 bits, are weighted sums and weights since they were last read, without what
    still lies on the device.
    """

    def __init__(self, setting: Setting, number: int, plane: Plane, blocks: ParameterBlocks, ledger: Ledger | None) -> None:
        self.setting, self.number, self.name = setting, number, worker_name(number)
        self.position, self.stage = setting.view.position_of(number), setting.view.stage_of(number)
        self.role = setting.view.role_of(number)
        self.shelf = Shelf(self.name, ledger, {one.name: one.slots for one in self.role.arrays})
        self.supplies: dict[Phase, Supply] = {}
        self.passed = 0
        self.totals = setting.no_sums.astype(np.float64)
        self._parameters = {name: kept(array) for name, array in blocks.of_worker(number).items()}
        self._aside = self.totals, setting.no_sums
        self._walks: dict[Phase, Walk] = {}
        phases = ("train", *self.role.evaluate)
        names = setting.feed.names
        self.wanted = {phase: wanted_of(setting.group, self.role, self.position, phase, names) for phase in phases}
        self._freed = {phase: worker_freed(setting.view, number, phase) for phase in phases}
        self._acts = WorkerActs(setting, number, self.shelf, plane, self.supplies, self._take_parameters)
        self._give_what_stays()
        self.clear_sums()

    def bind(self, act: Act, phase: Phase) -> Bound:
        """An instruction of the program of a phase. In an evaluation it is done by the number of the batch."""
        bound = self._acts.bind(act, phase)
        keys = self._freed[phase].get(act)
        return Bound(bound.ready, after(bound.do, self.shelf.freeing(keys))) if keys else bound

    def do(self, work: Work, phase: Phase) -> None:
        """Does what the state machine says, which is in a step or an evaluation."""
        walk = self._walks.get(phase)
        if walk is None:
            walk = self._walks[phase] = Walk(self._program(phase))
        step = work.step if isinstance(work, RunCall | TakeFields) else 0
        walk.follow(step if phase == "train" else self.passed + step)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of the parameters that it reads."""
        return sum(one.array.nbytes for one in self._parameters.values())

    def place(self, tensors: Mapping[str, Array]) -> None:
        """Takes its parts of the tensors, which go by key, and what it measured, where they tell of it."""
        for name, array in whole.parts_of(self.setting.shares, self.name, tensors):
            if name in self._parameters:
                self._parameters[name].array[...] = array
            else:
                self.shelf.put((name, 0), self.setting.put(array))
        self._take_parameters()
        self.clear_sums(tensors[SUMS][self.number] if SUMS in tensors else None)
        if TOTALS in tensors:
            self.totals = np.array(tensors[TOTALS][self.number])

    def told(self) -> dict[str, Array]:
        """What a checkpoint is to hold of it. Views; waits for the device."""
        measured = {SUMS: self.sums(), TOTALS: self.totals}
        names = whole.wanted_of(self.setting.shares, self.name)
        return measured | {name: self.shelf.read((name, 0)) for name in names if name not in measured}

    def state(self) -> tuple[Array, ...]:
        """Its layers' state, an array for each of its role's buffers. Views; waits for the device."""
        return tuple(self.shelf.read((buffer.name, 0)) for buffer in self.role.state)

    def take_state(self, given: Parts) -> None:
        """Takes over the state of the first worker of its stage, as far as each has all of it: the first one's is what counts."""
        states = self.setting.shares.states
        for buffer, array in zip(self.role.state, given, strict=True):
            own, others = tensors_in(buffer, self.shelf.read((buffer.name, 0))), tensors_in(buffer, array)
            mixed = {name: others[name] if states[name].axis is None else own[name] for name in own}
            self.shelf.put((buffer.name, 0), self.setting.put(filled(buffer, mixed, self.setting.dtype)))

    def begin_evaluation(self, phase: Phase, supply: Supply) -> None:
        """Puts what training measured aside."""
        self.supplies[phase], self.passed = supply, 0
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
        shelf.give(("position", 0), setting.put(np.array(self.position, np.int32)))
        for phase, key in setting.keys.items():
            shelf.give((f"key/{phase}", 0), key)
        for name, array in setting.constants.items():
            shelf.give((name, 0), array)
        for phase, wanted in self.wanted.items():
            for micro, (first, _) in enumerate(wanted.rows["batch"]):
                shelf.give((f"first/{phase}", micro), setting.put(np.array(first, np.int32)))

    def _program(self, phase: Phase) -> Iterator[tuple[int, Bound]]:
        """Its acts in a phase, each with the number of instructions that it becomes."""
        for act in worker_acts(self.setting.view, self.number, phase):
            yield len(act.messages) if isinstance(act, Give) else 1, self.bind(act, phase)

    def _take_parameters(self) -> None:
        for name, one in self._parameters.items():
            self.shelf.put((name, 0), one.given())
