"""Executes the roles of a group in one thread by the records of its plan alone: no runtime package, no state machine, no server.

Every worker is a generator that goes through its program; where it must receive it waits until all that it needs has been sent.
What moves follows from `geometry.blocks` by its definition: blocks are put down on zeros and added up.

Kernels are loaded from their bytes and compiled, by default with little optimisation, for nets are many and runs short. The same
content is compiled once in a process, whoever runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import jax
import numpy as np
from jax import export

from singalang_compiler.geometry import blocks
from singalang_compiler.keys import training_key
from singalang_compiler.lower.lower import Compiled
from singalang_compiler.plan_group import (
    BufferRecord,
    CallRecord,
    ClearStep,
    ConnectionRecord,
    FeedStep,
    GroupRecord,
    PullStep,
    PushStep,
    ReceiveStep,
    RoleRecord,
    RunStep,
    SendStep,
    StoredRecord,
    WorkerStep,
)

Numbers: TypeAlias = np.ndarray[Any, Any]
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@dataclass
class Result:
    """What a step or a batch of an evaluation gave. `gradients` are the sums of what all holders push, by parameter, in its shape;
    with exact sums `shards` has those of each shard. `metrics` are the rows of all workers together."""

    metrics: Numbers
    gradients: dict[str, Numbers] = field(default_factory=dict)
    shards: list[dict[str, Numbers]] = field(default_factory=list)
    moved_bytes: dict[str, int] = field(default_factory=dict)


class Crew:
    """All workers of a section's group, holding these parameters and states, by name, in their shapes."""

    def __init__(
        self,
        compiled: Compiled,
        parameters: Mapping[str, Numbers],
        states: Mapping[str, Numbers] | None = None,
        *,
        section: int = 0,
        optimised: bool = False,
    ) -> None:
        self.compiled, self.section = compiled, compiled.plan.sections[section]
        assert self.section.group is not None
        self.group: GroupRecord = self.section.group
        self.dtype = np.dtype("float64" if self.section.precision == "f64" else "float32")
        self.key = np.array(training_key(self.section.seed, self.section.name), "uint32")
        self.optimised = optimised
        initial = {one.name: np.full(one.shape, one.initial, self.dtype) for one in self.section.states}
        self.workers = [Worker(self, number, parameters, {**initial, **(states or {})}) for number in range(self.group.workers)]

    def step(self, batch: Mapping[str, Numbers], step: int = 0, **constants: Numbers) -> Result:
        """One step on a batch, given as arrays by field; parameters stay as they are, layer state moves on."""
        return self._run("train", batch, step, None, constants)

    def evaluate(self, phase: str, batch: Mapping[str, Numbers], weights: Numbers, **constants: Numbers) -> Result:
        """One batch of a phase, filled up to `evaluate_rows`."""
        return self._run(phase, batch, 0, weights, constants)

    def states(self) -> dict[str, Numbers]:
        """The layers' state, in its shapes: that of the first worker of each stage, or the pieces of all."""
        found = {}
        for stored in self.group.states:
            (stage,) = stored.stages
            first = stage * self.width
            pieces = [worker.tensor(stored.name) for worker in self.workers[first : first + self.width]]
            found[stored.name] = _joined(pieces, stored, self.width)
        return found

    @property
    def width(self) -> int:
        """Workers of a stage."""
        return self.group.workers // self.group.stages

    def _run(
        self, phase: str, batch: Mapping[str, Numbers], step: int, weights: Numbers | None, constants: Mapping[str, Numbers]
    ) -> Result:
        run = _Run(self, phase, batch, step, weights, constants)
        waiting = [(worker, worker.run(run)) for worker in self.workers]
        while waiting:
            before = run.done
            waiting = [one for one in waiting if _goes_on(one[1])]
            assert run.done > before or not waiting, f"all wait: {[worker.number for worker, _ in waiting]}"
        metrics = sum(worker.metrics for worker in self.workers)
        return Result(np.asarray(metrics), _total(run.pushed), list(_by_shard(run)), run.moved_bytes)


@dataclass
class _Run:
    """What the workers of one step or batch share. `sent`: arrays by connection, micro-batch, direction and sender's position."""

    crew: Crew
    phase: str
    batch: Mapping[str, Numbers]
    step: int
    weights: Numbers | None
    constants: Mapping[str, Numbers]
    sent: dict[tuple[str, int, bool, int], Numbers] = field(default_factory=dict)
    pushed: list[tuple[int, dict[str, Numbers]]] = field(default_factory=list)
    moved_bytes: dict[str, int] = field(default_factory=dict)
    done: int = 0

    def connection(self, name: str) -> ConnectionRecord:
        """The connection of this name in the phase."""
        return next(one for one in self.crew.group.connections if one.name == name and one.phase == self.phase)


class Worker:
    """One worker: its buffers and arrays by name and slot."""

    def __init__(self, crew: Crew, number: int, parameters: Mapping[str, Numbers], states: Mapping[str, Numbers]) -> None:
        self.crew, self.number = crew, number
        self.role: RoleRecord = crew.group.role_of(number)
        self.stage, self.position = divmod(number, crew.width)
        self.slots = {one.name: one.slots for one in self.role.arrays}
        self.arrays: dict[tuple[str, int], Any] = {}
        self.buffers: dict[str, Any] = {}
        self.metrics = np.zeros((len(crew.section.metrics), 2), crew.dtype)
        stored = {one.name: one for one in (*crew.group.stored, *crew.group.states)}
        for buffer in (*self.role.parameters, *self.role.state):
            parts = [self._piece({**parameters, **states}[one.name], stored[one.name]) for one in buffer.segments]
            assert [part.size for part in parts] == [one.size for one in buffer.segments]
            self.buffers[buffer.name] = np.concatenate(parts).astype(crew.dtype)

    def _piece(self, whole: Numbers, stored: StoredRecord) -> Numbers:
        whole = np.asarray(whole).reshape(stored.shape)
        return (whole if stored.axis is None else np.split(whole, self.crew.width, stored.axis)[self.position]).reshape(-1)

    def tensor(self, name: str) -> Numbers:
        """A flat tensor in its buffers."""
        for buffer in (*self.role.parameters, *self.role.state):
            for one in buffer.segments:
                if one.name == name:
                    return np.asarray(self.buffers[buffer.name])[one.offset : one.offset + one.size]
        raise KeyError(name)

    def run(self, run: _Run) -> Iterator[None]:
        """Goes through the program; stops wherever something has not been sent yet."""
        self.metrics = np.zeros_like(self.metrics)
        program: Sequence[WorkerStep] = self.role.step if run.phase == "train" else self.role.evaluate[run.phase]
        for step in program:
            match step:
                case FeedStep(micro=micro):
                    self._feed(run, micro)
                case RunStep(call=call, micro=micro):
                    self._call(run, self.role.calls[call], micro)
                case SendStep(connection=name, micro=micro, back=back):
                    self._send(run, run.connection(name), micro, back)
                case ReceiveStep(connection=name, micro=micro, back=back):
                    while not self._received(run, run.connection(name), micro, back):
                        yield
                case ClearStep():
                    self._clear()
                case PushStep(micro=shard):
                    run.pushed.append((-1 if shard is None else self._shard(shard), self._gradients()))
                case PullStep():
                    pass
            run.done += 1

    def _clear(self) -> None:
        for buffer in self.role.parameters:
            if buffer.name in self.role.trained:
                self.arrays[_gradient(buffer), 0] = np.zeros(buffer.size, self.crew.dtype)

    def _shard(self, micro: int) -> int:
        return self.position * self.crew.group.micro_batches + micro

    def _rows(self, run: _Run, micro: int) -> dict[str, tuple[int, int]]:
        """First and last row in the group's batch, of the worker's own and of all of the micro-batch."""
        group, width = self.crew.group, self.crew.width
        if run.phase != "train":
            own = group.evaluate_rows[run.phase] // width
            return {"batch": (self.position * own, (self.position + 1) * own), "whole": (0, width * own)}
        if group.shards:
            first = self._shard(micro) * group.rows[0]
            return {"batch": (first, first + group.rows[0])}
        start = micro * sum(group.rows)
        first = start + sum(group.rows[: self.position])
        return {"batch": (first, first + group.rows[self.position]), "whole": (start, start + sum(group.rows))}

    def _feed(self, run: _Run, micro: int) -> None:
        rows = self._rows(run, micro)
        for name, array in run.batch.items():
            for kind, (first, end) in rows.items():
                self.arrays[self._key(f"{name}@{kind}", micro)] = array[first:end]

    def _key(self, name: str, micro: int) -> tuple[str, int]:
        return name, micro % self.slots.get(name, 1)

    def _given(self, run: _Run, name: str, micro: int) -> Any:
        """What an argument is that no call gives."""
        if name.startswith("weights@"):
            assert run.weights is not None
            first, end = self._rows(run, micro)[name.partition("@")[2]]
            return run.weights[first:end].astype(self.crew.dtype)
        known = {
            "step": np.int32(run.step),
            "key": self.crew.key,
            "position": np.int32(self.position),
            "first": np.int32(self._rows(run, micro)["batch"][0]),
            "metrics": self.metrics,
        }
        return known[name] if name in known else run.constants[name.replace("/", "__").replace(".", "_of_")]

    def _call(self, run: _Run, call: CallRecord, micro: int) -> None:
        values = []
        for name in call.inputs:
            key = self._key(name, micro)
            values.append(
                self.buffers[name]
                if name in self.buffers
                else self.arrays[key]
                if key in self.arrays
                else self._given(run, name, micro)
            )
        record = self.crew.compiled.plan.kernels[call.kernel]
        for value, argument in zip(values, record.inputs, strict=True):
            assert np.shape(value) == argument.shape, f"{call.inputs}: {np.shape(value)} is not {argument}"
        kernel = loaded(self.crew.compiled.kernels[call.kernel], self.crew.optimised)
        with jax.enable_x64(self.crew.dtype == np.float64):
            results = kernel(*(np.asarray(value).astype(one.dtype) for value, one in zip(values, record.inputs, strict=True)))
        for name, result in zip(call.outputs, results, strict=True):
            if name == "metrics":
                self.metrics = np.asarray(result)
            elif name in self.buffers:
                self.buffers[name] = result
            else:
                self.arrays[self._key(name, micro)] = result

    def _send(self, run: _Run, one: ConnectionRecord, micro: int, back: bool) -> None:
        name = f"gradient/{one.value}@{one.target}" if back else f"{one.value}@{one.source}"
        run.sent[one.name, micro, back, self.position] = np.asarray(self.arrays[self._key(name, micro)])

    def _received(self, run: _Run, one: ConnectionRecord, micro: int, back: bool) -> bool:
        """Puts together what has been sent, if all of it has."""
        own = [block for block in blocks(one.extent, one.source, one.target)]
        own = [block.transposed if back else block for block in own]
        own = [block for block in own if block.target == self.position]
        sources = sorted({block.source for block in own})
        if any((one.name, micro, back, source) not in run.sent for source in sources):
            return False
        shape = one.extent.piece(one.source if back else one.target, self.position)
        array = np.zeros(shape, one.dtype)
        for block in own:
            given = run.sent[one.name, micro, back, block.source]
            array[tuple(slice(*part) for part in block.put)] += given[tuple(slice(*part) for part in block.taken)]
            if block.source != self.position or one.source_stage != one.target_stage:
                run.moved_bytes[one.name] = run.moved_bytes.get(one.name, 0) + block.size * array.dtype.itemsize
        name = f"gradient/{one.value}@{one.source}/{one.name}" if back else f"{one.value}@{one.target}"
        self.arrays[self._key(name, micro)] = array
        return True

    def _gradients(self) -> dict[str, Numbers]:
        """The gradients that it holds, by parameter, each in the parameter's shape, with zeros where it holds a piece."""
        found = {}
        stored = {one.name: one for one in self.crew.group.stored}
        for buffer in self.role.parameters:
            if buffer.name in self.role.trained:
                array = np.asarray(self.arrays[_gradient(buffer), 0])
                for one in buffer.segments:
                    flat = array[one.offset : one.offset + one.size]
                    found[one.name] = self._laid_out(flat, stored[one.name])
        return found

    def _laid_out(self, flat: Numbers, stored: StoredRecord) -> Numbers:
        if stored.axis is None:
            return flat.reshape(stored.shape)
        whole = np.zeros(stored.shape, flat.dtype)
        part = np.split(whole, self.crew.width, stored.axis)[self.position]
        part[...] = flat.reshape(part.shape)
        return whole


@lru_cache(maxsize=4096)
def loaded(content: bytes, optimised: bool) -> Any:
    """A kernel, ready to be called."""
    exported = export.deserialize(bytearray(content))
    return jax.jit(exported.call, compiler_options=None if optimised else QUICK)


def _goes_on(run: Iterator[None]) -> bool:
    try:
        next(run)
    except StopIteration:
        return False
    return True


def _gradient(buffer: BufferRecord) -> str:
    return buffer.name.replace("parameters/", "gradients/", 1)


def _joined(pieces: Sequence[Numbers], stored: StoredRecord, width: int) -> Numbers:
    if stored.axis is None:
        return pieces[0].reshape(stored.shape)
    cut = list(stored.shape)
    cut[stored.axis] //= width
    return np.concatenate([piece.reshape(cut) for piece in pieces], stored.axis)


def _total(pushed: Sequence[tuple[int, dict[str, Numbers]]]) -> dict[str, Numbers]:
    found: dict[str, Numbers] = {}
    for _, gradients in pushed:
        for name, array in gradients.items():
            found[name] = found[name] + array if name in found else array
    return found


def _by_shard(run: _Run) -> Iterator[dict[str, Numbers]]:
    for shard in sorted({shard for shard, _ in run.pushed if shard >= 0}):
        yield _total([one for one in run.pushed if one[0] == shard])
